"""What an agreement asks for, and what becomes of it (T22–T33, S57, K14)."""

from __future__ import annotations

import pytest

from dispute.domain.commands import RequestedLine
from dispute.domain.decider import decider
from dispute.domain.dispute import Fulfilment, Phase
from shared.events.base import derived_id
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeClosed,
    Escalated,
    EscalationReason,
    Payer,
    Reason,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    RefundSource,
    ReturnDue,
    ReturnLine,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from shared.events.order import HoldEnd, LineAmount, PaymentHoldLifted
from tests.builders import (
    BUYER,
    ORDER,
    ORDER_STREAM,
    SELLER,
    accept,
    cancel,
    counter,
    dispute_id,
    dispute_stream,
    expire,
    note_refund,
    note_return,
    offer,
    on,
    order_line,
    respond,
    usd,
)
from tests.histories import Histories, after, agreed, dispute_of, opened, order, order_of, refund_due, return_due
from tests.spec import given

to_return = agreed(SolutionType.RETURN_AND_REFUND)


def returned(*steps: ReturnOutcome, happened: Histories = to_return) -> Histories:
    """The goods went these steps, a day each from 14 March on."""
    noted = [note_return(return_due(happened), step, on(f"Mar {day}")) for day, step in enumerate(steps, 14)]
    return after(happened, *noted)


# Refund only: at once


def test_s57_t29_the_agreement_asks_for_the_money_in_the_same_append() -> None:
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, opened(amount="30.00")).when(command).events[-1]
    assert due == RefundDue(
        refund_id=derived_id("rfd", command.command_id),
        order_id=ORDER,
        payment_id="pay-1",
        dispute_id=dispute_id(),
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        lines=(LineAmount(line_id="l1", amount=usd("30.00")),),
        amount=usd("30.00"),
        source=RefundSource.AGREEMENT,
        bank_window_bd=(3, 15),
        timezone="UTC",
        rules=("S57", "S40"),
    )


def test_s57_the_sellers_silence_is_an_agreement_too() -> None:
    due = given(decider, opened()).when(expire("seller_response", on("Mar 18", "00:00"))).events[-1]
    assert (due.source, due.rules) == (RefundSource.AGREEMENT, ("S57", "S41"))


def test_s57_t29_the_money_is_pending_then() -> None:
    assert (dispute_of(agreed()).phase, dispute_of(agreed()).fulfilment) == (Phase.AGREED, Fulfilment.REFUND_PENDING)


def test_g9_the_amount_is_split_over_the_lines_and_empty_parts_are_left_out() -> None:
    happened = order(order_line("l1", "30.00"), order_line("l2", "20.00"), order_line("gift", "0.00"), shipped="Mar 1")
    named = tuple(RequestedLine(line_id=name, quantity=1) for name in ("l1", "l2", "gift"))
    due = refund_due(after(opened(happened=happened, lines=named, amount="25.00"), respond(Decision.ACCEPT, on("Mar 13"))))
    assert due.lines == (LineAmount(line_id="l1", amount=usd("15.00")), LineAmount(line_id="l2", amount=usd("10.00")))


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
        rules=("S57", "S58"),
    )
    assert closed == DisputeClosed(
        dispute_id=dispute_id(), reason=CloseReason.REFUNDED, amount=usd("50.00"), closed_at=on("Mar 14"), rules=("T33", "S52")
    )
    assert outcome.by_stream[ORDER_STREAM][0] == noted
    assert (outcome.states[0].phase, outcome.states[0].fulfilment, outcome.states[0].refunded) == (
        Phase.CLOSED,
        Fulfilment.REFUND_ISSUED,
        usd("50.00"),
    )


def test_t33_a_partly_refunded_line_counts_as_agreed() -> None:
    part = agreed(amount="20.00")
    outcome = given(decider, part).when(note_refund(refund_due(part), on("Mar 14")))
    assert outcome.by_stream[ORDER_STREAM][1] == PaymentHoldLifted(order_id=ORDER, dispute_id=dispute_id(), lines=("l1",), because=HoldEnd.AGREED)
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
    assert (outcome.states[0].phase, outcome.states[0].fulfilment, outcome.states[0].refunded) == (Phase.AGREED, fulfilment, None)
    assert order_of(dict(outcome.after)).lines["l1"].refunded == usd("0.00")


def test_t31_a_refund_that_succeeds_after_failures_closes_the_dispute() -> None:
    due = refund_due(agreed())
    failed = after(agreed(), note_refund(due, on("Mar 14"), RefundOutcome.FAILED), note_refund(due, on("Mar 15"), RefundOutcome.SENT_TO_MANUAL))
    assert type(given(decider, failed).when(note_refund(due, on("Mar 16"))).by_stream[dispute_stream()][-1]) is DisputeClosed


def test_t33_a_closed_dispute_is_not_closed_again() -> None:
    due = refund_due(agreed())
    closed = after(agreed(), note_refund(due, on("Mar 14")))
    given(decider, closed).when(note_refund(due, on("Mar 15"), RefundOutcome.FAILED)).then_types(RefundNoted, RefundNoted)


# Return and refund: first the goods


def test_t22_k22_k26_the_agreement_asks_for_the_goods_first() -> None:
    happened = opened(happened=order(order_line(quantity=3), shipped="Mar 1", return_address="Pier 1"), type=SolutionType.RETURN_AND_REFUND)
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, happened).when(command).events[-1]
    assert due == ReturnDue(
        return_id=derived_id("ret", command.command_id),
        dispute_id=dispute_id(),
        order_id=ORDER,
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        lines=(ReturnLine(line_id="l1", quantity=1),),
        reason=Reason.NOT_RECEIVED,
        freight_payer=Payer.SELLER,
        address_ref=dispute_of(happened).facts.return_address_ref,
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
    assert (noted.rules, due.amount, due.refund_id) == (("S82",), usd("50.00"), derived_id("rfd", command.command_id))
    assert outcome.states[0].fulfilment == Fulfilment.REFUND_PENDING
    assert type(outcome.when(note_refund(due, on("Mar 18"))).by_stream[dispute_stream()][-1]) is DisputeClosed


def test_k14_before_the_goods_have_passed_no_money_is_asked_for() -> None:
    received = returned(ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED)
    assert RefundDue not in map(type, received[dispute_stream()])


def test_t26_goods_that_pass_twice_bring_the_money_once() -> None:
    passed = returned(ReturnOutcome.RECEIVED, ReturnOutcome.PASSED)
    again = note_return(return_due(passed), ReturnOutcome.PASSED, on("Mar 20")).model_copy(update={"source_event": "return-x/9"})
    given(decider, passed).when(again).then_types(ReturnNoted)


def test_s28_s82_t27_goods_that_fail_the_inspection_bring_no_money_but_the_case_team() -> None:
    received = returned(ReturnOutcome.RECEIVED)
    command = note_return(return_due(received), ReturnOutcome.FAILED, on("Mar 17"), "damaged")
    outcome = given(decider, received).when(command)
    noted, escalated = outcome.then_types(ReturnNoted, Escalated).events
    assert (noted.reason, escalated.reason, escalated.rules) == ("damaged", EscalationReason.RETURN_CONDITION, ("S82", "T27", "S49"))
    assert (outcome.states[0].phase, escalated.evidence_until) == (Phase.ESCALATED, on("Mar 21", "00:00"))


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
    assert (outcome.states[0].phase, outcome.states[1].lines["l1"].held_by) == (Phase.CLOSED, None)
