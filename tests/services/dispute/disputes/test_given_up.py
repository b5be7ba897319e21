"""Refunds that support gave up: the dispute ends with what is left of the last word (T30a, T31a, T33, S52)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.payments.bank import OF_THE_BANK
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Event
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    SolutionType,
)
from shared.events.mediation import Outcome
from shared.events.order import HoldEnd, LineAmount, PaymentHoldLifted
from shared.rejections import ValidationFailed
from tests.support.builders.disputes import agreed, dispute_of, dispute_stream, expire, note_refund, refund_due
from tests.support.builders.mediation import appeal, decide_appeal, decided
from tests.support.builders.orders import BUYER, ORDER_STREAM, Histories, after, on, order_of, usd
from tests.support.spec import given

ABANDONED, REFUSED, MANUAL = RefundOutcome.ABANDONED, RefundOutcome.REFUSED, RefundOutcome.SENT_TO_MANUAL
D6 = on("Mar 26", "00:00")


def note(happened: Histories, outcome: RefundOutcome, day: str) -> Histories:
    """The last refund that was asked for came to this."""
    return after(happened, note_refund(refund_due(happened), on(day), outcome))


def refused_and_replaced() -> Histories:
    """30.00 were decided and refused, on appeal 20.00 are, and paid."""
    appealed = after(note(decided(), REFUSED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    return note(after(appealed, decide_appeal(on("Mar 27"), "20.00")), RefundOutcome.ISSUED, "Mar 28")


def last(happened: Histories) -> Event:
    return happened[dispute_stream()][-1]


@pytest.mark.parametrize("before", [REFUSED, MANUAL])
def test_t30a_t31a_what_was_agreed_and_is_given_up_ends_the_dispute_without_a_refund(before: RefundOutcome) -> None:
    happened = note(agreed(), before, "Mar 14")
    outcome = given(decider, happened).when(note_refund(refund_due(happened), on("Mar 16"), ABANDONED))
    noted, closed = outcome.by_stream[dispute_stream()]
    assert (noted.outcome, noted.rules) == (ABANDONED, ("T30a", "T31a"))
    assert (closed.reason, closed.amount, closed.rules) == (CloseReason.NO_REFUND, usd("0.00"), ("T33", "S52"))
    assert [type(event) for event in outcome.by_stream[ORDER_STREAM]] == [RefundNoted, PaymentHoldLifted]
    assert outcome.by_stream[ORDER_STREAM][1].because == HoldEnd.AGREED
    assert outcome.states[0].fulfilment == Fulfilment.NONE
    line = order_of(dict(outcome.after)).lines["l1"]
    assert (line.refunded, line.remainder) == (usd("0.00"), usd("50.00"))


def test_t31a_of_two_refunds_the_one_that_was_paid_is_what_the_dispute_came_to() -> None:
    """30.00 were decided and paid, on appeal it is all of 50.00, and the other 20.00 are given up."""
    paid = note(decided(), RefundOutcome.ISSUED, "Mar 19")
    more = after(paid, appeal(on("Mar 20"), BUYER), decide_appeal(on("Mar 27"), "50.00"))
    assert refund_due(more).amount == usd("20.00")
    closed = last(note(more, ABANDONED, "Mar 30"))
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("30.00"))


def test_t31a_what_may_still_be_appealed_is_not_over_though_it_is_given_up() -> None:
    waiting = note(decided(), ABANDONED, "Mar 19")
    assert dispute_of(waiting).state == DisputeState.DECIDED
    closed = last(after(waiting, expire("appeal", D6)))
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.NO_REFUND, usd("0.00"))


def test_t31a_an_appeal_that_upholds_gives_nothing_again() -> None:
    appealed = after(note(decided(), ABANDONED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    upheld = given(decider, appealed).when(decide_appeal(on("Mar 27")))
    assert RefundDue not in map(type, upheld.events)
    closed = last({name: list(events) for name, events in upheld.after.items()})
    assert isinstance(closed, DisputeClosed)
    assert closed.reason == CloseReason.NO_REFUND


def test_k18_t31a_an_appeal_may_grant_again_what_support_gave_up() -> None:
    """The very ruling: upheld it gives nothing again, so that it is another word on the money all the same."""
    appealed = after(note(decided(), ABANDONED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    again = after(appealed, decide_appeal(on("Mar 27"), "30.00"))
    assert refund_due(again).amount == usd("30.00")
    assert dispute_of(again).state == DisputeState.DECIDED
    closed = last(note(again, RefundOutcome.ISSUED, "Mar 28"))
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("30.00"))


def test_t18_without_anything_that_was_given_up_the_same_again_is_to_be_upheld() -> None:
    appealed = after(note(decided(), RefundOutcome.ISSUED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    refused = given(decider, appealed).when(decide_appeal(on("Mar 27"), "30.00")).then_rejects(ValidationFailed)
    assert refused.errors[0]["code"] == "nothing_changed"


def test_k18_t31a_an_appeal_that_amends_asks_for_its_own_money_anew() -> None:
    appealed = after(note(decided(), ABANDONED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    amended = after(appealed, decide_appeal(on("Mar 27"), "20.00"))
    assert refund_due(amended).amount == usd("20.00")
    refused = note(amended, REFUSED, "Mar 28")
    assert dispute_of(refused).state == DisputeState.DECIDED  # what was given up before does not count for it
    closed = last(note(amended, RefundOutcome.ISSUED, "Mar 28"))
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("20.00"))


def test_s52_what_is_given_up_late_is_never_the_last_word_of_a_closed_dispute() -> None:
    """What the appeal replaced is given up after the end: it is listed apart, and the result stays what it was."""
    closed = refused_and_replaced()
    first = next(iter(dispute_of(closed).refunds.values())).due
    outcome = given(decider, closed).when(note_refund(first, on("Mar 30"), ABANDONED))
    outcome.then_types(RefundNoted, RefundNoted)
    dispute = outcome.states[0]
    view = dispute_view(dispute, 12, BUYER, on("Apr 10"))
    assert view["result"] and (view["result"]["reason"], view["result"]["amount"]) == ("refunded", usd("20.00"))
    assert [(late["kind"], late["outcome"]) for late in view["after_close"]] == [("refund", "abandoned")]
    assert dispute.end and isinstance(closed[dispute_stream()][dispute.end - 1], DisputeClosed)


def test_t33_a_refusal_from_before_the_last_word_is_none_of_what_was_given_up() -> None:
    """The appeal counts without it: given up before the appeal's money is paid, it ends nothing."""
    appealed = after(note(decided(), REFUSED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    first = refund_due(appealed)
    amended = after(appealed, decide_appeal(on("Mar 27"), "20.00"), note_refund(first, on("Mar 28"), ABANDONED))
    assert dispute_of(amended).state == DisputeState.DECIDED
    paid = last(note(amended, RefundOutcome.ISSUED, "Mar 29"))
    assert isinstance(paid, DisputeClosed)
    assert (paid.reason, paid.amount) == (CloseReason.REFUNDED, usd("20.00"))


def partly_paid(happened: Histories, amount: str, day: str) -> Histories:
    """Of the last refund that was asked for one payment gave its part, and what another was to give was given up."""
    due = refund_due(happened)
    paid = due.model_copy(update={"amount": usd(amount), "lines": (LineAmount(line_id="l1", amount=usd(amount)),)})
    return after(happened, note_refund(paid, on(day), RefundOutcome.ISSUED))


def test_t31a_of_a_refund_in_parts_that_went_in_part_the_dispute_came_to_what_went() -> None:
    happened = partly_paid(agreed(), "10.00", "Mar 16")
    closed = last(happened)
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("10.00"))
    assert order_of(happened).lines["l1"].refunded == usd("10.00")
    view = dispute_view(dispute_of(happened), 12, BUYER, on("Apr 10"))
    assert [(refund["amount"], refund["outcome"]) for refund in view["refunds"]] == [(usd("10.00"), "issued")]


def test_k18_t31a_an_appeal_asks_for_what_of_a_refund_in_parts_did_not_go() -> None:
    """30.00 were decided, of which 10.00 went; the appeal says 20.00."""
    appealed = after(partly_paid(decided(), "10.00", "Mar 19"), appeal(on("Mar 20"), BUYER))
    amended = after(appealed, decide_appeal(on("Mar 27"), "20.00"))
    assert refund_due(amended).amount == usd("10.00")
    closed = last(note(amended, RefundOutcome.ISSUED, "Mar 28"))
    assert isinstance(closed, DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("20.00"))


def first_refund(happened: Histories) -> RefundDue:
    return next(iter(dispute_of(happened).refunds.values())).due


def given_up_beside_a_replacement() -> Histories:
    """30.00 were decided and refused, on appeal the goods are sent again: support gives up the old money meanwhile."""
    appealed = after(note(decided(), REFUSED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    again = decide_appeal(on("Mar 27"), "0.00", outcome=Outcome.BUYER_FAVOUR, type=SolutionType.REPLACEMENT)
    return note(after(appealed, again), ABANDONED, "Mar 28")


def given_up_behind_what_was_paid() -> Histories:
    closed = refused_and_replaced()
    return after(closed, note_refund(first_refund(closed), on("Mar 30"), ABANDONED))


def test_t31a_what_is_given_up_of_old_money_leaves_the_replacement_that_stands() -> None:
    assert dispute_of(given_up_beside_a_replacement()).fulfilment == Fulfilment.REPLACEMENT_PENDING


def test_t31a_what_is_given_up_of_old_money_leaves_what_was_paid() -> None:
    assert dispute_of(given_up_behind_what_was_paid()).fulfilment == Fulfilment.REFUND_ISSUED


def test_t31a_what_is_given_up_of_old_money_leaves_the_money_that_is_under_way() -> None:
    appealed = after(note(decided(), REFUSED, "Mar 19"), appeal(on("Mar 20"), BUYER))
    amended = after(appealed, decide_appeal(on("Mar 27"), "20.00"))
    given_up = after(amended, note_refund(first_refund(amended), on("Mar 28"), ABANDONED))
    assert dispute_of(given_up).fulfilment == Fulfilment.REFUND_PENDING


def test_t31a_money_that_is_given_up_beside_money_that_was_paid_leaves_a_dispute_that_is_refunded() -> None:
    paid = note(decided(), RefundOutcome.ISSUED, "Mar 19")
    more = after(paid, appeal(on("Mar 20"), BUYER), decide_appeal(on("Mar 27"), "50.00"))
    assert dispute_of(note(more, MANUAL, "Mar 29")).fulfilment == Fulfilment.REFUND_FAILED
    assert dispute_of(note(more, ABANDONED, "Mar 30")).fulfilment == Fulfilment.REFUND_ISSUED


@pytest.mark.parametrize("later", [outcome for outcome in RefundOutcome if outcome not in OF_THE_BANK])
def test_t31a_what_was_noted_as_paid_stays_paid_whatever_a_restored_log_tells_later(later: RefundOutcome) -> None:
    """The appeal may still come, so that the dispute is open."""
    paid = note(decided(), RefundOutcome.ISSUED, "Mar 19")
    given(decider, paid).when(note_refund(refund_due(paid), on("Mar 20"), later)).then_types()
