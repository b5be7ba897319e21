"""Goodwill in the audit: what is given up after the release is the seller's, and the buyer is told of it."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from ops.audit.entry import Entry
from ops.audit.facts import gathering
from ops.audit.money import money_check
from ops.audit.sagas import saga_check
from ops.books.accounts import HELD, postings
from shared.events.base import Event
from shared.events.dispute import RefundDue, RefundOutcome, RefundSource
from shared.events.mediation.clawbacks import ClawbackEnd
from shared.events.refund import PartStep, RefundPartAbandoned
from tests.services.dispute.test_goodwill import due_of, in_part, released_beside_a_promise
from tests.services.dispute.test_goodwill_of_goods import GIVEN, RECEIVED, SENT
from tests.services.dispute.test_goodwill_of_paid_money import asked, came, end
from tests.support.audit import EARLY, entry_of, found, made_log, stream_faults
from tests.support.builders import refunds as p
from tests.support.builders.afterwards import FAILED, SETTLED
from tests.support.builders.disputes import note_refund
from tests.support.builders.orders import ORDER_STREAM, Histories, after, on, usd
from tests.support.spec import Outcome


@pytest.mark.parametrize(("is_given_up", "faults"), [(True, 0), (False, 1)])
def test_s20_what_several_payments_gave_in_part_is_released_to_the_seller_as_its_own(
    is_given_up: bool, faults: int
) -> None:
    """Given 20.00 that two payments were to give, when one of them is given up after the release, then the seller's
    second payment has its ground; without that it has none.
    """
    happened = in_part(released_beside_a_promise(), "5.00")
    with gathering() as facts:
        for n, event in enumerate(happened[ORDER_STREAM], 1):
            facts.add("dispute", entry_of(event, n, ORDER_STREAM, n), settled=True)
        if is_given_up:
            facts.add("refund", entry_of(part_given_up(), 1, "payment-o1", 1), settled=True)
        facts.finish()
        assert found(money_check(facts)).get("released_twice", 0) == faults


FAILED_GIFT = after(asked(), end(asked(), FAILED))
GIVEN_UP = after(came(), note_refund(due_of(came()), on("May 5"), RefundOutcome.ABANDONED))


def of_the_order(happened: Histories, without: type[Event] | None = None) -> list[Entry]:
    kept = [event for event in happened[ORDER_STREAM] if not (without and isinstance(event, without))]
    return made_log({ORDER_STREAM: kept}, on("May 30"))


async def money_faults(order: list[Entry], *paid: Event) -> set[str]:
    with gathering() as facts:
        await stream_faults("dispute", order, {}, facts)
        for n, event in enumerate((p.captured(payment_id="pay-1", l1=5000), *paid), 1):
            facts.add("refund", entry_of(event, n, "payment-o1", n), settled=True)
        facts.finish()
        return set(found(money_check(facts)))


@pytest.mark.parametrize("happened", [GIVEN, SENT, RECEIVED])
async def test_s20_goods_that_a_seller_gives_are_read_and_have_no_fault(happened: Histories) -> None:
    rows = Outcome(decider, happened, {}).deadlines
    with gathering() as facts:
        assert await stream_faults("dispute", of_the_order(happened), rows, facts, EARLY) == {}
        assert found(money_check(facts)) == {}


def test_s54_s20_goods_that_were_given_and_of_which_the_buyer_is_not_told_are_a_fault() -> None:
    with gathering() as facts:
        for n, event in enumerate(GIVEN[ORDER_STREAM], 1):
            facts.add("dispute", entry_of(event, n, ORDER_STREAM, n), settled=True)
        facts.finish()
        assert found(saga_check(facts))["untold"] == 1


@pytest.mark.parametrize("happened", [asked(), came(), FAILED_GIFT, GIVEN_UP])
async def test_s20_k19_what_a_seller_gives_of_what_it_was_paid_has_no_fault(happened: Histories) -> None:
    """Read a second time, at every end that it may have."""
    given_up = [requested(), p.given_up(**TWENTY)] if happened is GIVEN_UP else []
    rows = Outcome(decider, happened, {}).deadlines
    with gathering() as facts:
        assert await stream_faults("dispute", of_the_order(happened), rows, facts, EARLY) == {}
    assert await money_faults(of_the_order(happened), *given_up) == set()


async def test_s20_k19_what_came_of_the_seller_and_goes_to_nobody_is_a_fault() -> None:
    assert await money_faults(of_the_order(came(), without=RefundDue)) == {"not_given"}


@pytest.mark.parametrize(
    ("happened", "faults"), [(came(), set()), (asked(), {"over_line"}), (FAILED_GIFT, {"over_line"})]
)
async def test_s20_k19_a_refund_before_the_money_came_of_the_seller_is_a_fault(
    happened: Histories, faults: set[str]
) -> None:
    assert await money_faults(of_the_order(happened), requested()) == faults


@pytest.mark.parametrize(("end_", "account"), [(SETTLED, "clawed_back"), (FAILED, HELD)])
def test_s20_what_a_seller_does_not_give_is_lost_by_nobody(end_: ClawbackEnd, account: str) -> None:
    (ended,) = [
        entry
        for entry in of_the_order(after(asked(), end(asked(), end_)))
        if entry.name in ("ClawbackSettled", "ClawbackFailed")
    ]
    booked = {(posting.account, posting.side) for posting in postings(ended)}
    assert booked == {(account, "debit"), ("asked_back", "credit")}


TWENTY = {"dispute_id": None, "lines": p.lines(l1=2000), "amount": usd("20.00")}


def requested() -> Event:
    """The seller's 20.00, asked for of the payment."""
    return p.requested(**TWENTY, payment_id="pay-1", source=RefundSource.GOODWILL)


def part_given_up() -> RefundPartAbandoned:
    given_up = dict(p.given_up(dispute_id=None, lines=p.lines(l1=1500), amount=usd("15.00")))
    return RefundPartAbandoned(**given_up, part=PartStep(part_id="rfd_9a31.2", refund_state="issued"))


def test_s54_t31a_a_refund_that_is_given_up_and_of_which_nobody_is_told_is_a_fault() -> None:
    with gathering() as facts:
        for n, event in enumerate((p.captured(), p.refused(), p.given_up()), 1):
            facts.add("refund", entry_of(event, n, "payment-o1", n), settled=True)
        facts.finish()
        assert found(saga_check(facts))["untold"] == 1
