"""Moments in the past over HTTP: dispute, history, lists and orders as they stood, and why deadlines end as they do."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import pytest

from tests.e2e.client import Answer, Json, Services
from tests.e2e.deals import Dispute, counter, now, ordered, wire

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and what was shown then."""

    at: str
    dispute: Json
    order: Json
    row: Json


@dataclass(frozen=True, slots=True)
class Past:
    """A dispute at three moments of its life."""

    dispute: Dispute
    before: str
    moments: list[Moment]


MOVING = {"available_actions", "unavailable_actions"}
"""What depends on the instant of the question too."""


def still(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in MOVING}


@pytest.fixture(scope="module")
async def past(services: Services) -> Past:
    deal = await ordered(services)
    before = wire(await now(services))
    dispute = await deal.opened()
    moments = [await moment(services, dispute)]
    await dispute.respond(counter("20.00"))
    moments.append(await moment(services, dispute))
    await dispute.accept()
    await dispute.closed()
    moments.append(await moment(services, dispute))
    return Past(dispute, before, moments)


async def moment(services: Services, dispute: Dispute) -> Moment:
    await services.at_rest()
    buyer = dispute.deal.buyer
    [row] = (await buyer.get(f"/v1/disputes?order_id={dispute.deal.order_id}"))["data"]
    status = (await dispute.deal.status()).ok()
    return Moment(wire(await now(services)), (await dispute.show()).body, status.body, row)


async def asked(past: Past, path: str, at: str) -> Answer:
    joined = "&" if "?" in path else "?"
    return await past.dispute.deal.buyer.get(f"{path}{joined}as_of={quote(at)}")


async def test_a_dispute_its_list_and_its_order_are_shown_as_they_stood(past: Past) -> None:
    order_id = past.dispute.deal.order_id
    for then in past.moments:
        assert still((await asked(past, past.dispute.path, then.at)).ok().body) == still(then.dispute)
        assert (await asked(past, f"/v1/disputes?order_id={order_id}", then.at)).ok()["data"] == [then.row]
        assert still((await asked(past, f"/v1/orders/{order_id}/status", then.at)).ok().body) == still(then.order)


async def test_before_it_was_opened_there_is_no_dispute(past: Past) -> None:
    order_id = past.dispute.deal.order_id
    assert (await asked(past, past.dispute.path, past.before)).refused == (404, "not_found")
    assert (await asked(past, f"/v1/disputes?order_id={order_id}", past.before)).ok()["data"] == []
    assert (await asked(past, f"/v1/orders/{order_id}/status", past.before)).ok()["disputes"] == []


async def test_a_list_as_of_an_instant_is_filtered_by_the_state_of_then(past: Past) -> None:
    first, second, _ = past.moments
    path = f"/v1/disputes?order_id={past.dispute.deal.order_id}&state=awaiting_seller"
    assert [row["id"] for row in (await asked(past, path, first.at)).ok()["data"]] == [past.dispute.id]
    assert (await asked(past, path, second.at)).ok()["data"] == []


async def test_a_history_ends_where_it_stood(past: Past) -> None:
    _, second, _ = past.moments
    entries = (await asked(past, f"{past.dispute.path}/history", second.at)).ok()["data"]
    assert [entry["action"] for entry in entries] == ["dispute_opened", "seller_responded", "solution_proposed"]


async def test_every_deadline_says_why_it_was_as_it_was_and_who_ended_it(past: Past) -> None:
    dispute = past.dispute
    entries = (await dispute.deal.seller.get(f"{dispute.path}/deadlines")).ok()["data"]
    assert [(entry["rule"], entry["state"]) for entry in entries] == [
        ("D1", "cleared"),
        ("D2", "cleared"),
        ("D4", "cleared"),
    ]
    assert entries[0]["started_by"] == f"dispute-{dispute.id}/1"
    assert entries[0]["ended_by"] == f"dispute-{dispute.id}/2"
    assert entries[0]["due_at"] == past.moments[0].dispute["deadlines"][0]["due_at"]
    order = (await dispute.deal.buyer.get(f"/v1/orders/{dispute.deal.order_id}/deadlines")).ok()["data"]
    assert order[0]["kind"] == "protection_end"
    assert order[0]["formula"]["parameter"] == "protection.days"


async def test_a_stranger_asks_for_deadlines_in_vain(past: Past, services: Services) -> None:
    stranger = services.party(services.new("stranger"), "buyer")
    for path in (f"{past.dispute.path}/deadlines", f"/v1/orders/{past.dispute.deal.order_id}/deadlines"):
        assert (await stranger.get(path)).refused == (404, "not_found")


async def test_s64_refunds_are_shown_as_they_stood(past: Past) -> None:
    buyer, order_id = past.dispute.deal.buyer, past.dispute.deal.order_id
    (paid,) = (await buyer.get(f"/v1/refunds?order_id={order_id}", "refund")).ok()["data"]
    path = f"/v1/refunds?order_id={order_id}&as_of="
    found = [(await buyer.get(f"{path}{quote(each.at)}", "refund")).ok()["data"] for each in past.moments]
    assert found == [[], [], [paid]]
    then = (await buyer.get(f"{path}{quote(paid['requested_at'])}", "refund")).ok()["data"]
    assert [row["issued_at"] for row in then] in ([], [None], [paid["issued_at"]])
