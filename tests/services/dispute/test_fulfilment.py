"""What an agreement on money asks for, and what becomes of it (T29–T33, S57)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.state import DisputeState, Fulfilment
from shared.events.base import derived_id
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeClosed,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    RefundSource,
)
from shared.events.order import HoldEnd, LineAmount, PaymentHoldLifted
from tests.support.builders.commands import (
    BUYER,
    ORDER,
    ORDER_STREAM,
    SELLER,
    dispute_id,
    dispute_stream,
    expire,
    note_refund,
    on,
    order_line,
    respond,
    usd,
)
from tests.support.builders.histories import after, agreed, dispute_of, opened, order, order_of, refund_due
from tests.support.spec import given


def test_s57_t29_the_agreement_asks_for_the_money_in_the_same_append() -> None:
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, opened(amount="30.00")).when(command).events[-1]
    assert due == RefundDue(
        refund_id=derived_id("rfd", ORDER, command.command_id),
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
    assert (dispute_of(agreed()).state, dispute_of(agreed()).fulfilment) == (
        DisputeState.AGREED,
        Fulfilment.REFUND_PENDING,
    )


def test_g9_the_amount_is_split_over_the_lines_and_empty_parts_are_left_out() -> None:
    happened = order(order_line("l1", "30.00"), order_line("l2", "20.00"), order_line("gift", "0.00"), shipped="Mar 1")
    named = tuple(RequestedLine(line_id=name, quantity=1) for name in ("l1", "l2", "gift"))
    due = refund_due(
        after(opened(happened=happened, lines=named, amount="25.00"), respond(Decision.ACCEPT, on("Mar 13")))
    )
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
        dispute_id=dispute_id(),
        reason=CloseReason.REFUNDED,
        amount=usd("50.00"),
        closed_at=on("Mar 14"),
        rules=("T33", "S52"),
    )
    assert outcome.by_stream[ORDER_STREAM][0] == noted
    assert (outcome.states[0].state, outcome.states[0].fulfilment, outcome.states[0].refunded) == (
        DisputeState.CLOSED,
        Fulfilment.REFUND_ISSUED,
        usd("50.00"),
    )


def test_t33_a_partly_refunded_line_counts_as_agreed() -> None:
    part = agreed(amount="20.00")
    outcome = given(decider, part).when(note_refund(refund_due(part), on("Mar 14")))
    assert outcome.by_stream[ORDER_STREAM][1] == PaymentHoldLifted(
        order_id=ORDER, dispute_id=dispute_id(), lines=("l1",), because=HoldEnd.AGREED
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
    assert (outcome.states[0].state, outcome.states[0].fulfilment, outcome.states[0].refunded) == (
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
    given(decider, closed).when(note_refund(due, on("Mar 15"), RefundOutcome.FAILED)).then_types(
        RefundNoted, RefundNoted
    )
