"""Dry runs over HTTP: what a command would lead to, or its very problem; nothing is written, and the key stays free."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.client import Answer, Json, Services
from tests.e2e.deals import Deal, Dispute, counter, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e


async def tried(deal: Deal, key: str, **changes: Any) -> Answer:
    return await deal.buyer.post("/v1/disputes?dry_run=true", deal.form(**changes), key=key)


def names(events: list[Json]) -> list[str]:
    return [event["type"].split(".")[1] for event in events]


async def test_a_dry_run_of_an_opening_tells_events_deadlines_money_and_who_is_told(
    services: Services, logs: Logs
) -> None:
    deal, key = await ordered(services), services.new("key")
    foretold = (await tried(deal, key)).ok()
    assert foretold["dry_run"] is True
    assert "ETag" not in foretold.headers
    [deadline] = foretold["deadlines"]
    assert (deadline["kind"], deadline["change"]) == ("seller_response", "start")
    assert foretold["money"] == [
        {"kind": "hold", "amount": usd("50.00"), "lines": [{"line_id": "1", "amount": usd("50.00")}], "party": "seller"}
    ]
    assert foretold["notifications"] == [
        {"kind": "deadline_started", "recipient": deal.seller.sub, "due_at": deadline["due_at"]}
    ]
    assert (await deal.buyer.get(f"/v1/disputes?order_id={deal.order_id}"))["data"] == []
    opened = (await deal.open(key=key)).ok(201)
    assert not opened.replayed, "the key stayed free"
    stream = [event["name"] for event in await logs.events("dispute", f"dispute-{opened['id']}")]
    order = [event["name"] for event in await logs.events("dispute", f"order-{deal.order_id}")]
    assert names(foretold["events"]) == [*stream, order[-1]]


async def test_a_dry_run_shows_a_party_what_the_history_will_show_and_no_more(services: Services) -> None:
    deal = await ordered(services, return_address="1 Example Street")
    foretold = (await tried(deal, services.new("key"))).ok()["events"][0]
    dispute = await deal.opened()
    await services.at_rest()
    entry = (await dispute.history())[0]
    assert foretold["data"].keys() == entry["detail"].keys()
    same = {"lines", "reason", "request", "evidence", "contacted_seller"}
    assert {name: foretold["data"][name] for name in same} == {name: entry["detail"][name] for name in same}


@pytest.mark.parametrize("body", [counter("20.00"), counter("9999.00"), {"decision": "accept"}, {"decision": "?"}, {}])
async def test_a_dry_run_gets_the_very_problem_that_the_command_gets(services: Services, body: Json) -> None:
    dispute = await (await ordered(services)).opened()
    seller, seen = dispute.deal.seller, (await dispute.show()).etag
    for by, etag in ((dispute.deal.buyer, seen), (seller, None), (seller, '"9"'), (seller, seen)):
        dry = await by.post(f"{dispute.path}/response?dry_run=true", body, seen=etag)
        assert (await dispute.show()).etag == seen, "nothing was written"
        real = await by.post(f"{dispute.path}/response", body, seen=etag)
        assert dry.status == real.status
        if real.status >= 400:
            assert problem(dry) == problem(real)


def problem(answer: Answer) -> Json:
    return {name: value for name, value in answer.body.items() if name != "request_id"}


async def test_a_dry_run_of_what_was_done_already_tells_that_nothing_follows(services: Services) -> None:
    deal, key = await ordered(services), services.new("key")
    (await deal.open(key=key)).ok(201)
    foretold = (await tried(deal, key)).ok()
    assert [foretold[name] for name in ("events", "deadlines", "money", "notifications")] == [[], [], [], []]


async def test_a_dry_run_of_a_silence_of_money_names_the_refund(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    seen = (await dispute.show(dispute.deal.seller)).etag
    foretold = (
        await dispute.deal.seller.post(f"{dispute.path}/response?dry_run=true", {"decision": "accept"}, seen=seen)
    ).ok()
    assert [(each["kind"], each["amount"], each["party"]) for each in foretold["money"]] == [
        ("refund", usd("50.00"), "buyer")
    ]
    assert [each["change"] for each in foretold["deadlines"]] == ["clear"]
    assert {each["kind"] for each in foretold["notifications"]} == {"seller_responded", "solution_reached"}


@pytest.mark.parametrize(
    ("query", "code"),
    [("dry_run=yes", "boolean"), ("dry_run=true&dry_run=true", "repeated"), ("dry%5Frun=1", "boolean")],
)
async def test_a_switch_that_is_misspelt_is_refused_and_nothing_is_done(
    services: Services, query: str, code: str
) -> None:
    dispute = await (await ordered(services)).opened()
    answer = await dispute.deal.buyer.post(f"{dispute.path}/cancellation?{query}")
    assert answer.refused == (422, "validation_failed")
    assert [error["code"] for error in answer["errors"]] == [code]
    assert (await dispute.show())["state"] == "awaiting_seller"


async def test_shop_and_money_commands_can_be_tried_too(services: Services) -> None:
    deal = await ordered(services)
    fact = {"type": "delivered", "at": deal.body["facts"][0]["at"]}
    foretold = (await services.shop.post(f"/v1/orders/{deal.order_id}/facts?dry_run=true", fact)).ok()
    assert "OrderDelivered" in names(foretold["events"])
    assert (await deal.status())["delivered_at"] is None
    dispute = Dispute(deal, (await deal.open()).ok(201)["id"])
    foretold = (
        await deal.buyer.post(
            f"{dispute.path}/cancellation?dry_run=true",
            {"acknowledge_release": True},
            key=services.new("key"),
            seen=(await dispute.show()).etag,
        )
    ).ok()
    assert [each["kind"] for each in foretold["money"]] == ["lift"]
