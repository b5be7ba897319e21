"""Fulfilment: outcomes of the refund (T30–T33) and steps of the return (T23–T27), noted on the dispute."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.rejections import NotAskedFor
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    Escalated,
    EscalationReason,
    ReachedType,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from shared.events.ids import derived_id, derived_uuid
from shared.events.money import Money, total
from shared.events.order import Hold, HoldEnd, PaymentHoldLifted
from tests.support.builders.disputes import (
    agreed,
    cancel,
    dispute_id,
    dispute_of,
    dispute_stream,
    note_refund,
    note_return,
    opened,
    refund_due,
    return_due,
)
from tests.support.builders.orders import ORDER, ORDER_STREAM, Histories, after, on, order_of, usd
from tests.support.spec import given

to_return = agreed(SolutionType.RETURN_AND_REFUND)


def returned(*steps: ReturnOutcome, happened: Histories = to_return) -> Histories:
    """The goods went these steps, a day each from 14 March on."""
    noted = [note_return(return_due(happened), step, on(f"Mar {day}")) for day, step in enumerate(steps, 14)]
    return after(happened, *noted)


# The refund


def test_t30_t33_once_the_money_is_issued_the_dispute_closes_and_the_hold_ends() -> None:
    due = refund_due(agreed())
    outcome = given(decider, agreed()).when(note_refund(due, on("Mar 14")))
    noted, closed = outcome.by_stream[dispute_stream()]
    assert noted == RefundNoted(
        refund_id=due.refund_id,
        order_id=ORDER,
        dispute_id=dispute_id(),
        outcome=RefundOutcome.ISSUED,
        amount=usd("50.00"),
        lines=due.lines,
        reason=None,
        source_event="payment-o1/7",
        noted_at=on("Mar 14"),
        rules=("S57", "S58"),
    )
    assert closed == DisputeClosed(
        dispute_id=dispute_id(),
        reason=CloseReason.REFUNDED,
        reached_type=ReachedType.NEGOTIATED,
        solution=dispute_of(agreed()).request,
        amount=usd("50.00"),
        closed_at=on("Mar 14"),
        rules=("T33", "S52"),
    )
    assert outcome.by_stream[ORDER_STREAM][0] == noted
    assert (outcome.states[0].state, outcome.states[0].fulfilment, paid_on(outcome.states[0])) == (
        DisputeState.CLOSED,
        Fulfilment.REFUND_ISSUED,
        usd("50.00"),
    )


def test_t33_what_was_paid_is_noted_once_though_another_event_says_it_again() -> None:
    paid = after(agreed(), note_refund(refund_due(agreed()), on("Mar 14")))
    said_again = note_refund(refund_due(agreed()), on("Mar 15")).model_copy(
        update={"command_id": derived_uuid("said again"), "source_event": "payment-o1/9"}
    )
    assert given(decider, paid).when(said_again).events == []


def test_t33_what_a_restore_has_lost_is_noted_once_it_is_asked_for_again() -> None:
    given(decider, opened()).when(note_refund(refund_due(agreed()), on("Mar 14"))).then_rejects(NotAskedFor)
    passed = note_return(return_due(to_return), ReturnOutcome.PASSED, on("Mar 14"))
    given(decider, opened()).when(passed).then_rejects(NotAskedFor)


def test_t33_a_partly_refunded_line_counts_as_agreed() -> None:
    part = agreed(amount="20.00")
    outcome = given(decider, part).when(note_refund(refund_due(part), on("Mar 14")))
    assert outcome.by_stream[ORDER_STREAM][1] == PaymentHoldLifted(
        order_id=ORDER, hold=Hold.DISPUTE, dispute_id=dispute_id(), lines=("l1",), because=HoldEnd.AGREED
    )
    line = outcome.states[1].lines["l1"]
    assert (line.refunded, line.remainder, line.agreed, line.held_by) == (usd("20.00"), usd("30.00"), True, None)


@pytest.mark.parametrize(
    ("answer", "fulfilment", "rules"),
    [
        (RefundOutcome.FAILED, Fulfilment.REFUND_FAILED, ("S63",)),
        (RefundOutcome.SENT_TO_MANUAL, Fulfilment.REFUND_FAILED, ("S63", "T31a")),
        (RefundOutcome.REFUSED, Fulfilment.NONE, ("S45", "T30a")),
    ],
)
def test_t30a_t31_a_refund_that_did_not_happen_is_noted_and_nothing_closes(
    answer: RefundOutcome, fulfilment: Fulfilment, rules: tuple[str, ...]
) -> None:
    outcome = given(decider, agreed()).when(note_refund(refund_due(agreed()), on("Mar 14"), answer, "account_invalid"))
    outcome.then_types(RefundNoted, RefundNoted)
    assert (outcome.events[0].rules, outcome.events[0].reason) == (rules, "account_invalid")
    assert (outcome.states[0].state, outcome.states[0].fulfilment, paid_on(outcome.states[0])) == (
        DisputeState.AGREED,
        fulfilment,
        None,
    )
    assert order_of(dict(outcome.after)).lines["l1"].refunded == usd("0.00")


def test_t31_a_refund_that_succeeds_after_failures_closes_the_dispute() -> None:
    due = refund_due(agreed())
    failed = after(
        agreed(),
        note_refund(due, on("Mar 14"), RefundOutcome.FAILED),
        note_refund(due, on("Mar 15"), RefundOutcome.SENT_TO_MANUAL),
    )
    assert (
        type(given(decider, failed).when(note_refund(due, on("Mar 16"))).by_stream[dispute_stream()][-1])
        is DisputeClosed
    )


def test_t33_a_closed_dispute_is_not_closed_again() -> None:
    due = refund_due(agreed())
    closed = after(agreed(), note_refund(due, on("Mar 14")))
    given(decider, closed).when(note_refund(due, on("Mar 15"), RefundOutcome.FAILED)).then_types()


# The return


@pytest.mark.parametrize(
    ("step", "fulfilment"),
    [
        (ReturnOutcome.AUTHORIZED, Fulfilment.RETURN_PENDING),
        (ReturnOutcome.SHIPPED, Fulfilment.RETURN_SHIPPED),
        (ReturnOutcome.RECEIVED, Fulfilment.RETURN_RECEIVED),
    ],
)
def test_t23_t25_the_steps_of_the_return_are_noted(step: ReturnOutcome, fulfilment: Fulfilment) -> None:
    outcome = given(decider, to_return).when(note_return(return_due(to_return), step, on("Mar 14")))
    (noted,) = outcome.then_types(ReturnNoted).events
    assert (noted.outcome, noted.rules, outcome.states[0].fulfilment) == (step, ("S81",), fulfilment)


def test_k14_s82_t26_goods_that_pass_bring_the_agreed_money() -> None:
    received = returned(ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED)
    command = note_return(return_due(received), ReturnOutcome.PASSED, on("Mar 17"))
    outcome = given(decider, received).when(command)
    noted, due = outcome.then_types(ReturnNoted, RefundDue).events
    assert (noted.rules, due.amount, due.refund_id) == (
        ("S82",),
        usd("50.00"),
        derived_id("rfd", ORDER, command.command_id),
    )
    assert (due.return_id, due.refund_after_return_bd) == (return_due(received).return_id, 20), "S59"
    assert due.received_at == on("Mar 16"), "S59: what counts from the receipt"
    assert outcome.states[0].fulfilment == Fulfilment.REFUND_PENDING
    assert type(outcome.when(note_refund(due, on("Mar 18"))).by_stream[dispute_stream()][-1]) is DisputeClosed


def test_k14_before_the_goods_have_passed_no_money_is_asked_for() -> None:
    received = returned(ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED)
    assert RefundDue not in map(type, received[dispute_stream()])


def test_t26_goods_that_pass_twice_bring_the_money_once() -> None:
    passed = returned(ReturnOutcome.RECEIVED, ReturnOutcome.PASSED)
    again = note_return(return_due(passed), ReturnOutcome.PASSED, on("Mar 20")).model_copy(
        update={"source_event": "return-x/9"}
    )
    given(decider, passed).when(again).then_types(ReturnNoted)


def test_s28_s82_t27_goods_that_fail_the_inspection_bring_no_money_but_the_case_team() -> None:
    received = returned(ReturnOutcome.RECEIVED)
    command = note_return(return_due(received), ReturnOutcome.FAILED, on("Mar 17"), "damaged")
    outcome = given(decider, received).when(command)
    noted, escalated = outcome.then_types(ReturnNoted, Escalated).events
    assert (noted.reason, escalated.reason, escalated.rules) == (
        "damaged",
        EscalationReason.RETURN_CONDITION,
        ("S82", "T27", "S49"),
    )
    assert (outcome.states[0].state, escalated.evidence_until) == (DisputeState.ESCALATED, on("Mar 21", "00:00"))


def test_t22a_a_return_that_cannot_be_goes_to_the_case_team() -> None:
    command = note_return(return_due(to_return), ReturnOutcome.DENIED, on("Mar 14"), "return_service_suspended")
    noted, escalated = given(decider, to_return).when(command).then_types(ReturnNoted, Escalated).events
    assert (noted.reason, escalated.reason, escalated.rules) == (
        "return_service_suspended",
        EscalationReason.RETURN_IMPOSSIBLE,
        ("T22a", "S49"),
    )


def test_t27_after_a_failed_inspection_nothing_more_follows_from_the_return() -> None:
    failed = returned(ReturnOutcome.RECEIVED, ReturnOutcome.FAILED)
    for step in (ReturnOutcome.PASSED, ReturnOutcome.DENIED):
        given(decider, failed).when(note_return(return_due(failed), step, on("Mar 20"))).then_types(ReturnNoted)


def test_t21_a_return_under_way_at_the_case_team_may_be_withdrawn() -> None:
    failed = returned(ReturnOutcome.RECEIVED, ReturnOutcome.FAILED)
    outcome = given(decider, failed).when(cancel(on("Mar 20")))
    assert (outcome.states[0].state, outcome.states[1].lines["l1"].held_by) == (DisputeState.CLOSED, None)


def paid_on(dispute: Dispute) -> Money | None:
    """What went back on the dispute."""
    paid = [asked.due.amount for asked in dispute.refunds.values() if asked.is_paid]
    return total(paid) if paid else None
