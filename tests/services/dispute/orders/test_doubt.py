"""Money that was given up while nobody knew whether it was paid stays with the order until that is known (T31a)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.fulfilment import NoteRefund
from dispute.domain.orders.cancellation import NoteOrderRefund
from dispute.policies import react
from dispute.views.orders.refunds import order_refunds
from shared.events.base import Event
from shared.events.dispute import CloseReason, DisputeClosed, RefundDue, RefundNoted, RefundOutcome
from shared.events.order import LineAmount, OrderCompleted, PaymentHoldLifted, PaymentReleased
from shared.events.refund import DoubtFound, RefundDoubtEnded
from tests.support.builders import refunds as p
from tests.support.builders.disputes import agreed, note_refund, refund_due
from tests.support.builders.orders import BUYER, ORDER_STREAM, Histories, after, expire_order, on, order_of, usd
from tests.support.policies import recorded
from tests.support.spec import Outcome, given

ABANDONED, UNPAID, PAID = RefundOutcome.ABANDONED, RefundOutcome.FOUND_UNPAID, RefundOutcome.FOUND_PAID


def lines(amount: str) -> tuple[LineAmount, ...]:
    return (LineAmount(line_id="l1", amount=usd(amount)),)


def note(
    due: RefundDue, day: str, outcome: RefundOutcome, amount: str = "50.00", in_doubt: str | None = None
) -> NoteRefund | NoteOrderRefund:
    """What the refund service says of so much of it."""
    said: dict[str, Any] = {"amount": usd(amount), "lines": lines(amount)}
    said |= {"in_doubt": lines(in_doubt)} if in_doubt else {}
    return note_refund(due, on(day), outcome).model_copy(update=said)


def given_up() -> Histories:
    """50.00 were agreed on, and given up in doubt."""
    happened = agreed()
    return after(happened, note(refund_due(happened), "Mar 16", ABANDONED, in_doubt="50.00"))


def past_release(happened: Histories) -> Histories:
    """P and R have come, as far as they ask for anything."""
    protected_until = order_of(happened).protection_ends_at
    assert protected_until
    over = after(happened, expire_order("protection_end", protected_until))
    release_at = order_of(over).release_at
    assert release_at
    return after(over, expire_order("release", release_at)) if order_of(over).due("release") else over


def known(happened: Histories, outcome: RefundOutcome, amount: str = "50.00") -> Outcome:
    """Support has found out; long after R."""
    return given(decider, happened).when(note(refund_due(happened), "Aug 30", outcome, amount))


def told(happened: Outcome) -> list[type[Event]]:
    return [type(event) for event in happened.by_stream[ORDER_STREAM]]


def test_t31a_the_dispute_ends_and_its_money_goes_to_nobody() -> None:
    happened = agreed()
    outcome = given(decider, happened).when(note(refund_due(happened), "Mar 16", ABANDONED, in_doubt="50.00"))
    noted, closed = outcome.events[0], outcome.events[1]
    assert isinstance(noted, RefundNoted) and isinstance(closed, DisputeClosed)
    assert (noted.in_doubt, closed.reason) == (lines("50.00"), CloseReason.NO_REFUND)
    assert told(outcome) == [RefundNoted, PaymentHoldLifted]
    line = order_of(past_release(given_up())).lines["l1"]
    assert (line.in_doubt, line.releasable, line.free_cap) == (usd("50.00"), usd("0.00"), usd("0.00"))
    assert not line.done


def test_t31a_where_the_protection_is_over_just_what_is_certain_is_released() -> None:
    happened = agreed(amount="30.00")
    protected_until = order_of(happened).protection_ends_at
    assert protected_until
    over = after(happened, expire_order("protection_end", protected_until))
    outcome = given(decider, over).when(note(refund_due(over), "Apr 20", ABANDONED, amount="30.00", in_doubt="30.00"))
    (released,) = [event for event in outcome.events if isinstance(event, PaymentReleased)]
    assert released.amount == usd("20.00")
    assert OrderCompleted not in told(outcome)


def test_t31a_s24_found_not_paid_it_is_the_sellers_at_once_where_r_has_passed() -> None:
    outcome = known(past_release(given_up()), UNPAID)
    assert told(outcome) == [RefundNoted, PaymentReleased, OrderCompleted]
    assert outcome.by_stream[ORDER_STREAM][1].amount == usd("50.00")


def test_t31a_found_not_paid_before_the_protection_is_over_it_waits_like_all_the_rest() -> None:
    happened = given_up()
    outcome = given(decider, happened).when(note(refund_due(happened), "Mar 17", UNPAID))
    assert told(outcome) == [RefundNoted]
    line = order_of(dict(outcome.after)).lines["l1"]
    assert (line.in_doubt, line.releasable) == (usd("0.00"), usd("50.00"))


def test_t31a_found_paid_it_is_a_refund_and_the_order_ends_with_it() -> None:
    outcome = known(past_release(given_up()), RefundOutcome.ISSUED)
    assert told(outcome) == [RefundNoted, OrderCompleted]
    line = order_of(dict(outcome.after)).lines["l1"]
    assert (line.refunded, line.in_doubt, line.done) == (usd("50.00"), usd("0.00"), True)


@pytest.mark.parametrize(("outcome", "refunded"), [(PAID, "50.00"), (UNPAID, "20.00")])
def test_t31a_of_a_refund_in_parts_what_is_found_later_counts_beside_what_was_paid(
    outcome: RefundOutcome, refunded: str
) -> None:
    """20.00 went, and nobody knew of the other 30.00."""
    happened = agreed()
    issued = after(happened, note(refund_due(happened), "Mar 16", RefundOutcome.ISSUED, "20.00", in_doubt="30.00"))
    assert order_of(issued).lines["l1"].in_doubt == usd("30.00")
    found = known(past_release(issued), outcome, "30.00")
    order = order_of(dict(found.after))
    assert (order.lines["l1"].refunded, order.lines["l1"].in_doubt) == (usd(refunded), usd("0.00"))
    (shown,) = order_refunds([], order, BUYER)
    assert (shown["outcome"], shown["amount"], shown["in_doubt"]) == ("issued", usd(refunded), None)
    assert found.states[0].refunds[refund_due(happened).refund_id].amount == usd(refunded)


def test_t31a_what_nobody_doubts_is_not_found_again() -> None:
    """As after a restore of the other log, which tells of it under another id."""
    once = {name: list(events) for name, events in known(past_release(given_up()), UNPAID).after.items()}
    again = note(refund_due(once), "Aug 31", UNPAID)
    assert not given(decider, once).when(again).events
    assert not given(decider, agreed()).when(note(refund_due(agreed()), "Mar 16", PAID)).events


@pytest.mark.parametrize(("found", "outcome"), [(DoubtFound.PAID, PAID), (DoubtFound.NOT_PAID, UNPAID)])
@pytest.mark.parametrize("dispute_id", ["dsp_9a31", None])
def test_t31a_what_was_found_is_noted_on_the_dispute_or_its_order(
    dispute_id: str | None, found: DoubtFound, outcome: RefundOutcome
) -> None:
    asked: dict[str, Any] = p.COMMON | {"dispute_id": dispute_id, "lines": p.lines(a=2500), "amount": p.usd(2500)}
    known = RefundDoubtEnded(**asked, found=found, ended_at=p.MONDAY, rules=("T31a",))
    (send,) = react(recorded(known, "payment-o1"))
    command = send.command
    assert isinstance(command, NoteRefund if dispute_id else NoteOrderRefund)
    assert (command.outcome, command.lines) == (outcome, p.lines(a=2500))
