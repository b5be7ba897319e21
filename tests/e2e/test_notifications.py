"""Notifications over HTTP and on the topic: each party reads its own, once, in its language; reminders go with their
deadlines (S54, S61).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.e2e.client import Answer, Json, Party, Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Dispute, counter, ordered
from tests.e2e.topics import read_all

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class Story:
    """A dispute that was answered, accepted, refunded and closed, and the ETags that its parties saw."""

    dispute: Dispute
    before: str
    after: str


@pytest.fixture(scope="module")
async def story(services: Services) -> Story:
    dispute = await (await ordered(services)).opened()
    await services.at_rest()
    before = (await dispute.show()).etag
    await dispute.respond(counter("20.00"))
    await services.at_rest()
    after = (await dispute.show()).etag
    await dispute.accept()
    await dispute.closed()
    await services.at_rest()
    return Story(dispute, before, after)


async def told(party: Party, service: str = "dispute", query: str = "", **headers: str) -> Answer:
    return (await party.send(service, "GET", f"/v1/notifications{query}", headers)).ok()


def kinds(answer: Answer) -> list[str]:
    return [row["kind"] for row in answer["data"]]


async def test_s54_each_party_reads_what_it_was_told_the_newest_first(story: Story) -> None:
    deal = story.dispute.deal
    buyer, seller = await told(deal.buyer), await told(deal.seller)
    assert kinds(buyer) == ["dispute_closed", "solution_reached", "seller_responded"]
    assert kinds(seller) == ["dispute_closed", "solution_reached", "deadline_started"]
    for answer, party in ((buyer, deal.buyer), (seller, deal.seller)):
        assert {row["recipient"] for row in answer["data"]} == {party.sub}
        assert {row["dispute_id"] for row in answer["data"]} == {story.dispute.id}
    assert buyer["data"][2]["deadline"] == "buyer_response"
    assert "20.00 USD" in buyer["data"][0]["text"]["body"]


async def test_s61_the_buyer_is_told_of_the_refund_exactly_once(story: Story, stack: Stack) -> None:
    deal = story.dispute.deal
    [row] = (await told(deal.buyer, "refund"))["data"]
    assert (row["kind"], row["order_id"]) == ("refund_issued", deal.order_id)
    assert (await told(deal.seller, "refund"))["data"] == []
    records = await asyncio.to_thread(read_all, stack.kafka, ["refund.events"])
    asked = [
        record
        for record in records
        if record.key == deal.order_id.encode() and record.attributes["ce_type"].startswith("makewhole.Notification")
    ]
    assert [record.attributes["ce_subject"] for record in asked] == [f"notification-{row['id']}"]


async def test_s54_being_told_moves_no_etag(story: Story) -> None:
    assert [tag.strip('"').partition("-")[0] for tag in (story.before, story.after)] == ["1", "3"]


@pytest.mark.parametrize(
    ("accept", "lang", "title"),
    [
        ("", "en", "The dispute is closed"),
        ("pt-BR, en;q=0.5", "pt", "A disputa está encerrada"),
        ("ru", "ru", "Спор закрыт"),
        ("zh-CN", "zh", "纠纷已关闭"),
        ("es", "es", "La disputa está cerrada"),
    ],
)
async def test_s54_the_text_is_in_the_readers_language(story: Story, accept: str, lang: str, title: str) -> None:
    answer = await told(story.dispute.deal.buyer, **{"Accept-Language": accept})
    assert (answer["data"][0]["text"]["lang"], answer["data"][0]["text"]["title"]) == (lang, title)
    assert answer.headers["Vary"] == "Accept-Language"


async def test_s54_a_list_is_filtered_and_comes_page_by_page(story: Story, services: Services) -> None:
    shop, order_id = services.shop, story.dispute.deal.order_id
    found: list[Json] = []
    query = f"?order_id={order_id}&limit=4"
    while True:
        page = await told(shop, query=query)
        found += page["data"]
        if not page["next_cursor"]:
            break
        query = f"?order_id={order_id}&limit=4&cursor={page['next_cursor']}"
    assert len(found) == len({row["id"] for row in found}) == 6, "a service sees everybody's"
    closed = await told(shop, query=f"?order_id={order_id}&kind=dispute_closed")
    assert {row["recipient"] for row in closed["data"]} == {
        story.dispute.deal.buyer.sub,
        story.dispute.deal.seller.sub,
    }


async def test_s54_nobody_reads_what_another_one_was_told(story: Story, services: Services) -> None:
    stranger = services.party(services.new("stranger"), "buyer")
    assert (await told(stranger, query=f"?order_id={story.dispute.deal.order_id}"))["data"] == []
    same_name_other_role = services.party(story.dispute.deal.buyer.sub, "seller")
    assert (await told(same_name_other_role))["data"] == []


async def test_g15_who_oversees_and_is_a_party_looks_through_no_list_of_the_own_order(
    story: Story, services: Services
) -> None:
    deal = story.dispute.deal
    query, overseer = f"?order_id={deal.order_id}", services.party("case-1", "case_team")
    for party in (deal.buyer, deal.seller):
        biased = services.party(party.sub, "case_team")
        assert (await told(biased, query=query))["data"] == (await told(party, query=query))["data"]
        for service, name in (("dispute", "disputes"), ("refund", "refunds")):
            found = [await who.send(service, "GET", f"/v1/{name}{query}") for who in (biased, overseer, party)]
            assert [len(answer.ok()["data"]) for answer in found] == [0, 1, 1]


async def test_s54_who_is_silent_is_reminded_a_day_before_and_who_has_answered_is_not(services: Services) -> None:
    silent, answered = [await (await ordered(services)).opened() for _ in range(2)]
    await answered.respond(counter("20.00"))
    await answered.accept()
    await services.at_rest()
    due = (await silent.show())["deadlines"][0]["due_at"]
    await services.move_clock(advance="5d")
    near = await eventually(
        lambda: told(silent.deal.seller), lambda answer: "deadline_near" in kinds(answer) or len(kinds(answer)) > 1
    )
    assert kinds(near) == ["deadline_near", "deadline_started"]
    assert [row["due_at"] for row in near["data"]] == [due, due]
    assert "deadline_near" not in kinds(await told(answered.deal.seller))
    assert "deadline_near" not in kinds(await told(answered.deal.buyer))
