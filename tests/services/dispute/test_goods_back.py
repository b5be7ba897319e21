"""What an agreement on a return asks for: first the goods, then the money (T22–T27, K14, K22, K26)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState, Fulfilment
from shared.events.base import derived_id
from shared.events.dispute import (
    Decision,
    DisputeClosed,
    Escalated,
    EscalationReason,
    Payer,
    Reason,
    RefundDue,
    ReturnDue,
    ReturnLine,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from tests.support.builders.commands import (
    BUYER,
    ORDER,
    SELLER,
    accept,
    cancel,
    counter,
    dispute_id,
    dispute_stream,
    modify,
    note_refund,
    note_return,
    offer,
    on,
    order_line,
    respond,
    usd,
)
from tests.support.builders.histories import Histories, after, agreed, countered, dispute_of, opened, order, return_due
from tests.support.spec import given

to_return = agreed(SolutionType.RETURN_AND_REFUND)


def returned(*steps: ReturnOutcome, happened: Histories = to_return) -> Histories:
    """The goods went these steps, a day each from 14 March on."""
    noted = [note_return(return_due(happened), step, on(f"Mar {day}")) for day, step in enumerate(steps, 14)]
    return after(happened, *noted)


def test_t22_k22_k26_the_agreement_asks_for_the_goods_first() -> None:
    happened = opened(
        happened=order(order_line(quantity=3), shipped="Mar 1", return_address="Pier 1"),
        type=SolutionType.RETURN_AND_REFUND,
    )
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, happened).when(command).events[-1]
    assert due == ReturnDue(
        return_id=derived_id("ret", ORDER, command.command_id),
        dispute_id=dispute_id(),
        order_id=ORDER,
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        lines=(ReturnLine(line_id="l1", quantity=1),),
        reason=Reason.NOT_RECEIVED,
        freight_payer=Payer.SELLER,
        address_ref=dispute_of(happened).opened.return_address_ref,
        ship_days=10,
        transit_alarm_days=30,
        inspect_bd=2,
        timezone="UTC",
        rules=("K26", "K22", "S40"),
    )
    assert due.address_ref is not None


def test_k26_k22_what_was_agreed_on_freight_and_address_comes_first() -> None:
    terms = offer("20.00", SolutionType.RETURN_AND_REFUND, freight_payer=Payer.BUYER, address="Pier 2")
    command = counter(on("Mar 13"), solution=terms)
    due = return_due(after(opened(), command, accept(on("Mar 14"))))
    assert (due.freight_payer, due.address_ref) == (Payer.BUYER, command.address_ref)


def test_s43_t22_the_reason_is_that_of_the_last_request() -> None:
    asked_anew = modify(on("Mar 14"), reason=Reason.LATE, type=SolutionType.RETURN_AND_REFUND)
    assert return_due(after(countered(), asked_anew, respond(Decision.ACCEPT, on("Mar 15")))).reason == Reason.LATE


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
