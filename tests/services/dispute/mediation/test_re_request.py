"""Refunds that were refused and that support asks for again: the dispute asks as long as it waits for them (T30a)."""

from __future__ import annotations

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.mediation.re_request import AskAgain
from dispute.domain.disputes.progress import Fulfilment
from dispute.policies import react
from shared.events.dispute import CloseReason, Decision, DisputeClosed, RefundDue, RefundOutcome
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.order import RefundNotDue
from shared.events.refund import NOT_DUE
from tests.support.builders import refunds as p
from tests.support.builders.by_law import claimed
from tests.support.builders.disputes import (
    agreed,
    ask_again,
    dispute_of,
    dispute_stream,
    note_refund,
    refund_due,
    respond,
)
from tests.support.builders.mediation import appeal, decide_appeal, decided
from tests.support.builders.orders import BUYER, ORDER_STREAM, Histories, after, on, order, order_of, record, usd
from tests.support.policies import recorded, sent
from tests.support.spec import given

REFUSED = RefundOutcome.REFUSED


def refused(happened: Histories | None = None, day: str = "Mar 14") -> Histories:
    """50.00 were agreed, and refused."""
    happened = happened or agreed()
    return after(happened, note_refund(refund_due(happened), on(day), REFUSED))


def last(happened: Histories) -> DisputeClosed:
    event = happened[dispute_stream()][-1]
    assert isinstance(event, DisputeClosed)
    return event


def test_t30a_the_dispute_asks_for_the_same_money_as_a_refund_that_names_the_one_before() -> None:
    happened = refused()
    before = refund_due(happened)
    outcome = given(decider, happened).when(ask_again(before, on("Mar 15"))).then_types(RefundDue)
    (due,) = outcome.events
    assert due.model_dump(exclude={"refund_id", "replaces", "rules"}) == before.model_dump(
        exclude={"refund_id", "replaces", "rules"}
    )
    assert (due.replaces, due.rules) == (before.refund_id, ("T30a", *before.rules))
    assert outcome.states[0].fulfilment == Fulfilment.REFUND_PENDING
    again = {name: list(events) for name, events in outcome.after.items()}
    assert (last(after(again, note_refund(due, on("Mar 16")))).amount) == usd("50.00")


def test_t30a_with_less_within_the_cap_the_dispute_ends_with_that() -> None:
    again = after(refused(), ask_again(refund_due(refused()), on("Mar 15"), "20.00"))
    assert refund_due(again).amount == usd("20.00")
    closed = last(after(again, note_refund(refund_due(again), on("Mar 16"))))
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("20.00"))


def test_t30a_refused_again_it_waits_for_people_again() -> None:
    again = after(refused(), ask_again(refund_due(refused()), on("Mar 15"), "20.00"))
    once_more = refused(again, "Mar 16")
    assert dispute_of(once_more).closed is None
    third = after(once_more, ask_again(refund_due(once_more), on("Mar 17"), "10.00"))
    assert last(after(third, note_refund(refund_due(third), on("Mar 18")))).amount == usd("10.00")


def test_t30a_what_was_asked_for_again_and_is_given_up_ends_without_a_refund() -> None:
    again = after(refused(), ask_again(refund_due(refused()), on("Mar 15"), "20.00"))
    closed = last(after(again, note_refund(refund_due(again), on("Mar 16"), RefundOutcome.ABANDONED)))
    assert (closed.reason, closed.amount) == (CloseReason.NO_REFUND, usd("0.00"))


def test_t30a_one_refusal_is_asked_for_again_once() -> None:
    before = refund_due(refused())
    again = after(refused(), ask_again(before, on("Mar 15")))
    given(decider, again).when(ask_again(before, on("Mar 15"))).then_nothing()
    given(decider, again).when(ask_again(before, on("Mar 16"), n=2)).then_types(RefundNotDue)


def test_t30a_a_dispute_that_was_decided_anew_meanwhile_withdraws_it() -> None:
    """30.00 were decided and refused, on appeal 20.00 are: they count without what was refused."""
    happened = decided()
    before = refund_due(happened)
    appealed = after(refused(happened, "Mar 19"), appeal(on("Mar 20"), BUYER), decide_appeal(on("Mar 27"), "20.00"))
    outcome = given(decider, appealed).when(ask_again(before, on("Mar 28")))
    (withdrawn,) = outcome.then_types(RefundNotDue).by_stream[ORDER_STREAM]
    assert (withdrawn.replaces, withdrawn.dispute_id) == (before.refund_id, before.dispute_id)
    assert outcome.by_stream[dispute_stream()] == []


def test_t30a_a_closed_dispute_asks_for_nothing_again() -> None:
    happened = refused()
    closed = after(happened, note_refund(refund_due(happened), on("Mar 15"), RefundOutcome.ABANDONED))
    given(decider, closed).when(ask_again(refund_due(happened), on("Mar 16"))).then_types(RefundNotDue)


def test_k18_t30a_a_later_word_counts_with_what_was_asked_for_again() -> None:
    """30.00 were decided and refused, 10.00 of them asked for again and paid; on appeal it is 40.00 in all."""
    happened = decided()
    asked = after(refused(happened, "Mar 19"), ask_again(refund_due(happened), on("Mar 19"), "10.00"))
    paid = after(asked, note_refund(refund_due(asked), on("Mar 19")))
    more = after(paid, appeal(on("Mar 20"), BUYER), decide_appeal(on("Mar 27"), "40.00"))
    assert refund_due(more).amount == usd("30.00")
    assert last(after(more, note_refund(refund_due(more), on("Mar 28")))).amount == usd("40.00")


def test_k19_t30a_of_a_seller_who_was_paid_just_that_is_asked_which_is_asked_for_again() -> None:
    claim = after(claimed(), respond(Decision.ACCEPT, on("May 2")))
    gone = refused(claim, "May 3")
    assert isinstance(gone[dispute_stream()][-1], ClawbackNotDue)
    again = after(gone, ask_again(refund_due(gone), on("May 4"), "10.00"))
    due, back = again[dispute_stream()][-2:]
    assert isinstance(back, ClawbackRequested)
    assert (back.party, back.amount, due.amount) == ("seller", usd("10.00"), usd("10.00"))  # type: ignore[attr-defined]


def test_t30a_a_cancelled_orders_own_refund_is_asked_for_again_too() -> None:
    cancelled = after(order(), CancelOrder(**dict(record("cancelled", on("Mar 2"), by="seller"))))
    (asked,) = order_of(cancelled).refunds.values()
    gone = after(cancelled, note_refund(asked.due, on("Mar 3"), REFUSED))
    outcome = given(decider, gone).when(ask_again(asked.due, on("Mar 4"))).then_types(RefundDue)
    again = {name: list(events) for name, events in outcome.after.items()}
    given(decider, again).when(ask_again(asked.due, on("Mar 5"), n=2)).then_types(RefundNotDue)
    paid = after(again, note_refund(outcome.events[0], on("Mar 6")))
    assert order_of(paid).completed


def test_t30a_what_support_asks_for_again_goes_to_the_dispute_or_to_its_order() -> None:
    command = sent(react, p.re_requested())
    assert isinstance(command, AskAgain)
    assert (command.refund_id, command.replaces, command.lines) == ("rfd_9a33", "rfd_9a31", p.lines(a=2500))
    assert not hasattr(sent(react, p.re_requested(dispute_id=None)), "dispute_id")
    assert list(react(recorded(p.refused(reason=NOT_DUE)))) == []
