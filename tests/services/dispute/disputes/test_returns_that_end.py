"""Returns that end on their way: not sent in time, lost, or not inspected in time (T24, T25a, T28)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    Escalated,
    EscalationReason,
    ReachedType,
    RefundDue,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from shared.events.mediation import AppealDecided, AppealOutcome, AppealWindowClosed
from shared.events.order import HoldEnd, PaymentHoldLifted, PaymentReleased
from shared.rejections import ValidationFailed
from tests.support.builders.disputes import (
    agreed,
    cancel,
    counter,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    note_return,
    opened,
    return_due,
)
from tests.support.builders.mediation import D3, REVIEWER_2, appeal, claim, decide, decide_appeal, escalate
from tests.support.builders.orders import ORDER_STREAM, Histories, after, on, order_of, usd
from tests.support.spec import given

GOODS: dict[str, Any] = {"type": SolutionType.RETURN_AND_REFUND}
to_return = agreed(SolutionType.RETURN_AND_REFUND)
SENT = (ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED)
CAME = (*SENT, ReturnOutcome.RECEIVED)


def after_steps(happened: Histories, *steps: ReturnOutcome) -> Histories:
    return after(
        happened, *(note_return(return_due(happened), step, on(f"Mar {n}")) for n, step in enumerate(steps, 19))
    )


def decided_to_return() -> Histories:
    """A dispute about goods that came late, decided on 18 March: they go back first."""
    late = after(opened(**GOODS), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    return after(late, decide(on("Mar 18"), **GOODS))


def lapse(happened: Histories, day: str = "Mar 29") -> Histories:
    return after(happened, note_return(return_due(happened), ReturnOutcome.LAPSED, on(day)))


def test_t24_goods_that_were_not_sent_in_time_end_an_agreement_without_money() -> None:
    command = note_return(return_due(to_return), ReturnOutcome.LAPSED, on("Mar 24"))
    outcome = given(decider, to_return).when(command)
    noted, closed, lifted = outcome.then_types(ReturnNoted, DisputeClosed, PaymentHoldLifted).events
    assert (noted.outcome, noted.rules) == (ReturnOutcome.LAPSED, ("T24",))
    assert (closed.reason, closed.amount, closed.reached_type, closed.rules) == (
        CloseReason.RETURN_LAPSED,
        usd("0.00"),
        ReachedType.NEGOTIATED,
        ("T24", "D9", "S52"),
    )
    assert (lifted.because, outcome.states[0].fulfilment) == (HoldEnd.AGREED, Fulfilment.LAPSED)
    assert outcome.states[1].lines["l1"].held_by is None, "and may be disputed again while the protection runs"


def test_t24_t39_once_the_protection_is_over_the_seller_is_paid_for_what_did_not_come_back() -> None:
    command = note_return(return_due(to_return), ReturnOutcome.LAPSED, on("Jun 1"))
    released = given(decider, to_return).when(command).by_stream[ORDER_STREAM][0]
    assert isinstance(released, PaymentReleased)
    assert released.dispute_id == dispute_of(to_return).opened.dispute_id


def test_t24_after_a_decision_that_nobody_can_appeal_the_dispute_closes_too() -> None:
    final = after(decided_to_return(), expire("appeal", on("Mar 26", "00:00")))
    assert dispute_of(final).state is DisputeState.DECIDED
    closed = dispute_of(lapse(final)).closed
    assert closed and (closed.reason, closed.reached_type) == (CloseReason.RETURN_LAPSED, ReachedType.ARBITRATED)


def test_t24_t19_while_a_decision_may_still_be_appealed_closing_waits_for_that_time_to_end() -> None:
    early = lapse(decided_to_return(), "Mar 20")
    assert (dispute_of(early).state, dispute_of(early).fulfilment) == (DisputeState.DECIDED, Fulfilment.LAPSED)
    outcome = given(decider, early).when(expire("appeal", on("Mar 26", "00:00")))
    assert outcome.then_types(AppealWindowClosed, DisputeClosed, PaymentHoldLifted).events[1].reason == "return_lapsed"


def appealed_and_lapsed() -> Histories:
    appealed = after(decided_to_return(), appeal(on("Mar 20")), expire("appeal", on("Mar 26", "00:00")))
    lapsed = lapse(after(appealed, claim(on("Mar 27"), REVIEWER_2)))
    assert dispute_of(lapsed).state is DisputeState.APPEAL_REVIEW, "only the return lapses (T24)"
    return lapsed


def test_t24_t18_during_an_appeal_only_the_return_lapses_and_what_is_upheld_then_closes() -> None:
    outcome = given(decider, appealed_and_lapsed()).when(decide_appeal(on("Mar 30")))
    closed = outcome.then_types(AppealDecided, DisputeClosed, PaymentHoldLifted).events[1]
    assert (closed.reason, closed.amount) == (CloseReason.RETURN_LAPSED, usd("0.00"))


def test_t24_t18_an_appeal_may_grant_the_money_alone_and_no_second_return() -> None:
    amended: dict[str, Any] = {"decision": AppealOutcome.AMENDED}
    granted = given(decider, appealed_and_lapsed()).when(decide_appeal(on("Mar 30"), "20.00", **amended))
    assert [event.amount for event in granted.events if isinstance(event, RefundDue)] == [usd("20.00")]
    again = decide_appeal(on("Mar 30"), "20.00", **amended, **GOODS)
    assert (
        given(decider, appealed_and_lapsed()).when(again).then_rejects(ValidationFailed).errors[0]["pointer"] == "/type"
    )


@pytest.mark.parametrize(
    ("before", "outcome", "rules"),
    [(CAME, ReturnOutcome.NOT_INSPECTED, ("S82", "T28")), (SENT, ReturnOutcome.LOST, ("T25a",))],
)
def test_t28_t25a_what_nobody_inspects_in_time_or_a_prepaid_label_s_carrier_loses_is_refunded(
    before: tuple[ReturnOutcome, ...], outcome: ReturnOutcome, rules: tuple[str, ...]
) -> None:
    happened = after_steps(to_return, *before)
    refunded = given(decider, happened).when(note_return(return_due(happened), outcome, on("Mar 24")))
    noted, due = refunded.then_types(ReturnNoted, RefundDue).events
    assert (noted.rules, due.amount, due.return_id) == (rules, usd("50.00"), return_due(happened).return_id)
    closed = refunded.when(note_refund(due, on("Mar 25"))).by_stream[dispute_stream()][-1]
    assert isinstance(closed, DisputeClosed) and closed.reason == CloseReason.REFUNDED


def test_t25a_what_the_buyer_s_own_carrier_loses_goes_to_the_case_team() -> None:
    happened = after_steps(to_return, *SENT)
    command = note_return(return_due(happened), ReturnOutcome.LOST_BY_OWN_CARRIER, on("Mar 24"))
    outcome = given(decider, happened).when(command)
    escalated = outcome.then_types(ReturnNoted, Escalated).events[1]
    assert (escalated.reason, escalated.rules) == (EscalationReason.RETURN_LOST, ("T25a", "S49"))
    assert outcome.states[0].state is DisputeState.ESCALATED


@pytest.mark.parametrize("outcome", [ReturnOutcome.LAPSED, ReturnOutcome.LOST, ReturnOutcome.NOT_INSPECTED])
def test_t21_of_a_dispute_that_was_withdrawn_meanwhile_a_late_word_is_noted_and_no_more(outcome: ReturnOutcome) -> None:
    kept = after(after_steps(to_return, ReturnOutcome.AUTHORIZED), cancel(on("Mar 22")))
    told = given(decider, kept).when(note_return(return_due(kept), outcome, on("Mar 24"))).then_types(ReturnNoted)
    assert told.states[0].fulfilment == Fulfilment.NONE
    assert order_of(kept).lines["l1"].held_by is None
