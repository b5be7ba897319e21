"""Thirty days in one move of the clock: each deadline falls on its own day, each event says which (S39, D1, P, R)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.e2e.client import SERVICES, Answer, Services
from tests.e2e.conftest import Stack
from tests.e2e.deals import DAY, Deal, Dispute, counter, day_after, instant, now, ordered, usd
from tests.e2e.log import Logs, Row, at
from tests.e2e.topics import read_all

pytestmark = pytest.mark.e2e

SLACK = timedelta(minutes=5)
"""How long after its deadline an event's instant may be: what the processes take, on a machine that is busy with other
things.
"""


@dataclass(frozen=True, slots=True)
class Month:
    """Disputes and orders on the eve of thirty days, what the clock answered after them, and when each of them
    began.
    """

    first: datetime
    second: datetime
    end: Answer
    silent_seller: Dispute
    silent_buyer: Dispute
    no_agreement: Dispute
    no_agreement_but_the_sellers_turn: Dispute
    sold: Deal
    received: Deal
    finished_later: Deal


@pytest.fixture(scope="module")
async def month(services: Services) -> Month:
    """Two negotiations of four days, then everything else, then thirty days in one call."""
    no_agreement, sellers_turn = [await (await ordered(services)).opened() for _ in range(2)]
    first = await now(services)
    for dispute in (no_agreement, sellers_turn):
        await dispute.respond(counter("10.00"))
    await services.move_clock(advance="4d")
    second = await now(services)
    for dispute in (no_agreement, sellers_turn):
        await dispute.modify(amount=usd("40.00"))
    await no_agreement.respond(counter("20.00"))
    silent_buyer = await (await ordered(services)).opened()
    await silent_buyer.respond(counter("10.00"))
    silent_seller = await (await ordered(services)).opened()
    received = await ordered(services, facts={"shipped": -9, "delivered": 0})
    finished_later = await ordered(services, facts={"shipped": -9, "delivered": -1})
    (await finished_later.tell("finished", second)).ok()
    sold = await ordered(services, promised=3, facts={"shipped": -1})
    end = await services.move_clock(now=(second + 30 * DAY).isoformat())
    return Month(
        first, second, end, silent_seller, silent_buyer, no_agreement, sellers_turn, sold, received, finished_later
    )


async def only(logs: Logs, stream: str, name: str) -> Row:
    """The one event of this name in the stream."""
    (found,) = [event for event in await logs.events("dispute", stream) if event["name"] == name]
    return found


async def fired(logs: Logs, dispute: Dispute, name: str, due_at: datetime) -> None:
    """The deadline's event names its instant and happened then, in the domain's time."""
    event = await only(logs, f"dispute-{dispute.id}", name)
    assert instant(event["data"]["due_at"]) == due_at
    assert due_at <= at(event) < due_at + SLACK


async def test_the_clock_is_where_it_was_sent_and_went_there_in_steps(month: Month, services: Services) -> None:
    assert month.second + 30 * DAY <= instant(month.end["now"]) < month.second + 30 * DAY + SLACK
    assert month.end["steps"] >= len({1, 6, 8, 10, 16, 17}), "each deadline is a step of its own"


async def test_a_silent_seller_grants_the_request_at_the_start_of_the_sixth_day(month: Month, logs: Logs) -> None:
    due = day_after(month.second, 6)
    await fired(logs, month.silent_seller, "SellerResponseTimedOut", due)
    for name in ("SolutionReached", "RefundDue", "DisputeClosed"):
        assert due <= at(await only(logs, f"dispute-{month.silent_seller.id}", name)) < due + SLACK


async def test_the_money_of_that_day_went_on_that_day(month: Month, logs: Logs, services: Services) -> None:
    due, deal = day_after(month.second, 6), month.silent_seller.deal
    happened = await logs.events("refund", f"payment-{deal.order_id}")
    _, *paid, credited = [event for event in happened if event["name"] != "RefundConfirmed"]
    for event in paid:
        assert due <= at(event) < due + SLACK
    assert credited["type"] == "makewhole.RefundSettled.v1"
    (refund,) = [line for line in await services.ledger(deal.order_id) if line["kind"] == "refund"]
    assert due <= instant(refund["at"]) < due + SLACK


async def test_s62_s64_dispute_and_order_tell_that_the_money_is_there_and_the_history_ends_with_the_close(
    month: Month, logs: Logs
) -> None:
    dispute = month.silent_seller
    happened = await logs.events("dispute", f"dispute-{dispute.id}")
    assert [event["data"]["outcome"] for event in happened if event["name"] == "RefundNoted"] == ["issued", "settled"]
    shown, status = await dispute.show(), await dispute.deal.status()
    assert (shown["refund_outcome"], [refund["outcome"] for refund in status["refunds"]]) == ("settled", ["settled"])
    assert [late["outcome"] for late in shown["after_close"]] == ["settled"]
    assert (await dispute.history())[-1]["action"] == "dispute_closed"


async def test_a_silent_buyer_hands_over_to_the_case_team_at_the_start_of_the_sixth_day(
    month: Month, logs: Logs
) -> None:
    due = day_after(month.second, 6)
    await fired(logs, month.silent_buyer, "BuyerResponseTimedOut", due)
    escalated = await only(logs, f"dispute-{month.silent_buyer.id}", "Escalated")
    assert (escalated["data"]["reason"], instant(escalated["data"]["evidence_until"])) == (
        "buyer_timeout",
        day_after(due, 4),
    )


async def test_a_negotiation_without_agreement_goes_to_the_case_team_seven_days_after_the_first_answer(
    month: Month, logs: Logs
) -> None:
    await fired(logs, month.no_agreement, "NegotiationTimedOut", day_after(month.first, 8))
    escalated = await only(logs, f"dispute-{month.no_agreement.id}", "Escalated")
    assert escalated["data"]["reason"] == "negotiation_timeout"


async def test_while_it_is_the_sellers_turn_the_negotiation_waits_for_the_seller(month: Month, logs: Logs) -> None:
    dispute = month.no_agreement_but_the_sellers_turn
    await fired(logs, dispute, "SellerResponseTimedOut", day_after(month.second, 6))
    names = [event["name"] for event in await logs.events("dispute", f"dispute-{dispute.id}")]
    assert "NegotiationTimedOut" not in names
    assert (await dispute.show())["result"]["amount"] == usd("40.00")


@pytest.mark.parametrize(("order", "ends"), [("received", 16), ("finished_later", 16), ("sold", 19)])
async def test_a_protection_ends_on_its_day_and_the_money_is_released_an_hour_later(
    month: Month, logs: Logs, order: str, ends: int
) -> None:
    deal: Deal = getattr(month, order)
    due = day_after(month.second, ends)
    expired = await only(logs, f"order-{deal.order_id}", "ProtectionExpired")
    assert (instant(expired["data"]["due_at"]), instant(expired["data"]["release_at"])) == (
        due,
        due + timedelta(hours=1),
    )
    assert due <= at(expired) < due + SLACK
    for name in ("PaymentReleased", "OrderCompleted"):
        event = await only(logs, f"order-{deal.order_id}", name)
        assert due + timedelta(hours=1) <= at(event) < due + timedelta(hours=1) + SLACK


async def test_what_was_held_when_the_protection_ended_is_released_when_nothing_holds_it_any_more(
    month: Month, logs: Logs
) -> None:
    dispute = month.silent_buyer
    names = [event["name"] for event in await logs.events("dispute", f"order-{dispute.deal.order_id}")]
    assert "ProtectionExpired" in names
    assert "PaymentReleased" not in names
    cancelled = (await dispute.cancel(acknowledge_release=True)).ok()
    assert (await dispute.deal.status(at_least=cancelled.position)).ok()["payout"] == "released"


async def test_nothing_is_left_that_was_due(month: Month, services: Services, logs: Logs) -> None:
    moment = await now(services)
    for service in SERVICES:
        assert await logs.rows(service, "select * from deadlines where due_at <= $1", moment) == []
        assert await logs.rows(service, "select * from parked") == []


async def test_consumers_are_told_the_domains_instant_not_the_machines(month: Month, stack: Stack, logs: Logs) -> None:
    told = {
        record.attributes["ce_id"]: record.attributes["ce_time"]
        for record in await asyncio.to_thread(read_all, stack.kafka, ["dispute.events"])
    }
    for deal in (month.sold, month.received):
        for event in await logs.events("dispute", f"order-{deal.order_id}"):
            assert instant(told[f"{event['stream']}/{event['version']}"]) == at(event)


async def test_instants_never_run_backwards_in_a_stream(month: Month, logs: Logs) -> None:
    for stream in (
        f"dispute-{month.silent_seller.id}",
        f"order-{month.silent_seller.deal.order_id}",
        f"dispute-{month.no_agreement.id}",
    ):
        moments = [at(event) for event in await logs.events("dispute", stream)]
        assert moments == sorted(moments)


async def test_the_next_deadline_of_any_service_can_be_gone_to(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    due = instant((await dispute.show())["deadlines"][0]["due_at"])
    while instant((moved := await services.move_clock(to="next-deadline"))["now"]) < due:
        assert (await dispute.show())["state"] == "awaiting_seller", moved.raw
    assert (await dispute.show())["result"]["reached_type"] == "seller_timeout"
