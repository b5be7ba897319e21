"""Decision: what a ruling has to say, and what follows from it at once and in the end (T15, T19, T33, G13)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.fulfilment import NoteReturn
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.returns.steps import StepOfReturn
from dispute.domain.rejections import AlreadyAgreed, Claimed, UnexplainedDecision
from dispute.views.disputes.dispute import dispute_view
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    Escalated,
    Payer,
    ReachedType,
    RefundDue,
    RefundNoted,
    RefundSource,
    ReturnNoted,
    ReturnOutcome,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealWindowClosed, DecisionIssued, Outcome
from shared.events.order import HoldEnd, PaymentHoldLifted, PaymentReleased
from shared.rejections import AmountExceedsCap, ConflictOfInterest, Forbidden, ValidationFailed, WrongPhase
from tests.support.builders.disputes import (
    cancel,
    counter,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    note_return,
    open_dispute,
    opened,
    refund_due,
    return_due,
)
from tests.support.builders.mediation import (
    D3,
    D6,
    REVIEWER_2,
    claim,
    decide,
    decided,
    escalate,
    escalated,
    paid,
    ruling,
    under_review,
)
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    ORDER_STREAM,
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    usd,
)
from tests.support.spec import given


def test_s51_t15_a_decision_is_carried_out_at_once() -> None:
    outcome = given(decider, under_review()).when(decide(on("Mar 18")))
    issued, reached, due = outcome.then_types(DecisionIssued, SolutionReached, RefundDue).events
    assert (issued.ruling.outcome, issued.decided_by, issued.rules) == (Outcome.SPLIT, CASE_TEAM.id, ("S2", "S45"))
    assert (issued.appeal_until, issued.survey_until) == (D6, on("Apr 3", "00:00"))
    assert (reached.reached_type, due.amount, due.source) == (
        ReachedType.ARBITRATED,
        usd("30.00"),
        RefundSource.MEDIATION,
    )
    assert outcome.states[0].state == DisputeState.DECIDED
    assert {kind for stream, kind in outcome.deadlines if stream == dispute_stream()} == {"appeal", "survey"}


def test_s12_t15_a_decision_for_the_seller_moves_nothing() -> None:
    outcome = given(decider, under_review()).when(decide(on("Mar 18"), "0.00", rules=("S12",)))
    outcome.then_types(DecisionIssued)
    assert outcome.events[0].ruling.outcome == Outcome.SELLER_FAVOUR


GOODS: dict[str, Any] = {"type": SolutionType.RETURN_AND_REFUND}


def to_send_back(amount: str = "30.00", **changed: Any) -> Histories:
    """A dispute about goods that came late, decided on 18 March: they go back first."""
    late = after(opened(**GOODS), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    return after(late, decide(on("Mar 18"), amount, **GOODS, **changed))


def step(happened: Histories, outcome: ReturnOutcome, day: str) -> NoteReturn | StepOfReturn:
    return note_return(return_due(happened), outcome, on(day))


def test_t15_t22_k26_goods_may_have_to_go_back_first() -> None:
    happened = to_send_back()
    due = return_due(happened)
    assert (due.freight_payer, dispute_of(happened).state) == (Payer.SELLER, DisputeState.DECIDED)
    assert not dispute_of(happened).refunds
    outcome = given(decider, happened).when(step(happened, ReturnOutcome.PASSED, "Mar 30"))
    assert outcome.then_types(ReturnNoted, RefundDue).events[1].amount == usd("30.00")


def test_t27_t22a_goods_that_fail_after_a_decision_bring_the_case_team_back() -> None:
    for outcome in (ReturnOutcome.FAILED, ReturnOutcome.DENIED):
        happened = to_send_back()
        again = given(decider, happened).when(step(happened, outcome, "Mar 20")).then_types(ReturnNoted, Escalated)
        assert {kind for stream, kind in again.deadlines if stream == dispute_stream()} == {"evidence"}
        assert again.states[0].case.appeal_until is None


def test_t21_a_buyer_who_keeps_the_goods_withdraws_after_the_decision_too() -> None:
    happened = to_send_back()
    outcome = given(decider, happened).when(cancel(on("Mar 20"), acknowledge_release=True))
    assert outcome.states[0].state == DisputeState.CLOSED
    assert dispute_stream() not in {stream for stream, kind in outcome.deadlines if kind != "survey"}


# What a ruling has to say


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"outcome": Outcome.BUYER_FAVOUR, "lines": (), "type": None}, "/outcome", "outcome_differs"),
        ({"outcome": Outcome.SELLER_FAVOUR}, "/outcome", "outcome_differs"),
        ({"outcome": Outcome.SPLIT, "lines": ruling("50.00")["lines"]}, "/outcome", "outcome_differs"),
        ({"type": None}, "/type", "missing"),
        ({"type": SolutionType.RETURN_AND_REFUND}, "/type", "nothing_to_return"),
        ({"lines": (RuledLine(line_id="l9", amount=usd("30.00")),)}, "/lines/0/line_id", "unknown_line"),
        ({"lines": ruling("10.00")["lines"] * 2}, "/lines/1/line_id", "repeated"),
        ({"rules": ("S2", "nonsense")}, "/rules/1", "unknown_rule"),
        ({"weights": {"evd_1": 2}}, "/weights/evd_1", "unknown_evidence"),
        ({"text": "它被刮了"}, "/text", "forbidden_characters"),
    ],
)
def test_g13_g9_t15_a_ruling_that_contradicts_itself_is_none(changed: Any, pointer: str, code: str) -> None:
    refusal = given(decider, under_review()).when(decide(on("Mar 18"), **changed)).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [(pointer, code)]


def test_t15_every_disputed_line_has_its_amount() -> None:
    lines = (order_line("l1"), order_line("l2"))
    named = (RequestedLine(line_id="l1"), RequestedLine(line_id="l2"))
    two = after(opened(happened=order(*lines, shipped="Mar 1"), lines=named), counter(on("Mar 13")))
    reviewed = after(two, escalate(on("Mar 14")), expire("evidence", D3))
    refusal = given(decider, reviewed).when(decide(on("Mar 18"))).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == "missing"


def test_g9_a_line_gives_at_most_its_cap() -> None:
    refusal = given(decider, under_review()).when(decide(on("Mar 18"), "50.01")).then_rejects(AmountExceedsCap)
    assert refusal.members["cap"] == {"amount": "50.00", "currency": "USD"}


def test_g13_i10_a_decision_without_a_rule_is_unexplained() -> None:
    refusal = given(decider, under_review()).when(decide(on("Mar 18"), rules=())).then_rejects(UnexplainedDecision)
    assert refusal.members["missing"] == ["rules"]


def test_g8_only_the_reviewer_decides_where_there_is_one() -> None:
    claimed = after(under_review(), claim(on("Mar 18")))
    given(decider, claimed).when(decide(on("Mar 18", "13:00"), actor=REVIEWER_2)).then_rejects(Claimed)
    given(decider, claimed).when(decide(on("Mar 18", "13:00"))).then_types(DecisionIssued, SolutionReached, RefundDue)
    for party in (BUYER, SELLER):
        given(decider, claimed).when(decide(on("Mar 18", "13:00"), actor=party)).then_rejects(Forbidden)


def test_g15_nobody_decides_an_order_of_their_own() -> None:
    biased = CASE_TEAM.model_copy(update={"id": SELLER.id})
    given(decider, under_review()).when(decide(on("Mar 18"), actor=biased)).then_rejects(ConflictOfInterest)


def test_g8_nothing_is_decided_before_the_review() -> None:
    given(decider, escalated()).when(decide(on("Mar 15"))).then_rejects(WrongPhase)
    given(decider, decided()).when(decide(on("Mar 19"))).then_rejects(WrongPhase)


# The end


def test_s52_t33_what_is_paid_stays_open_until_nobody_can_appeal() -> None:
    happened = decided()
    noted = given(decider, happened).when(note_refund(refund_due(happened), on("Mar 18", "13:00")))
    assert noted.then_types(RefundNoted, RefundNoted).states[0].state == DisputeState.DECIDED
    outcome = noted.when(expire("appeal", D6))
    over, closed, lifted = outcome.then_types(AppealWindowClosed, DisputeClosed, PaymentHoldLifted).events
    assert (closed.reason, closed.reached_type, closed.amount) == (
        CloseReason.REFUNDED,
        ReachedType.ARBITRATED,
        usd("30.00"),
    )
    assert (over.rules, lifted.because) == (("T19", "S55"), HoldEnd.DECIDED)


def test_t33_what_is_paid_after_the_window_closes_with_the_payment() -> None:
    happened = after(decided(), expire("appeal", D6))
    outcome = given(decider, happened).when(note_refund(refund_due(happened), on("Mar 27")))
    outcome.then_types(RefundNoted, DisputeClosed, RefundNoted, PaymentHoldLifted)


def test_s12_t19_a_decision_for_the_seller_ends_without_a_refund() -> None:
    outcome = given(decider, decided("0.00")).when(expire("appeal", D6))
    closed = outcome.then_types(AppealWindowClosed, DisputeClosed, PaymentHoldLifted).events[1]
    assert (closed.reason, closed.amount, closed.reached_type) == (
        CloseReason.NO_REFUND,
        usd("0.00"),
        ReachedType.ARBITRATED,
    )


def test_t39_s45_the_sellers_part_is_released_once_the_protection_is_over() -> None:
    delivered = order(shipped="Mar 1", delivered="Mar 10")
    disputed = after(opened(happened=delivered, reason="late"), counter(on("Mar 13")), escalate(on("Mar 14")))
    happened = paid(after(disputed, expire("evidence", D3), decide(on("Mar 18"))))
    over = after(happened, expire_order("protection_end", on("Mar 26", "00:00")))
    outcome = given(decider, over).when(expire("appeal", D6))
    (released,) = [event for event in outcome.by_stream[ORDER_STREAM] if isinstance(event, PaymentReleased)]
    assert released.amount == usd("20.00")


def test_g5_what_was_decided_is_not_disputed_again() -> None:
    happened = after(paid(decided()), expire("appeal", D6))
    given(decider, happened).when(open_dispute(on("Mar 27"), n=2)).then_rejects(AlreadyAgreed)


def test_s52_the_result_is_shown_from_the_decision_on() -> None:
    view = dispute_view(dispute_of(decided()), 9, BUYER, on("Mar 19"))
    assert view["result"] is not None
    assert (view["label"], view["result"]["amount"], view["party_view"]) == (
        "Dispute Finished",
        usd("30.00"),
        "appealable",
    )
    (decision,) = view["decisions"]
    assert (decision["kind"], decision["rules"], decision["lines"][0]["amount"]) == (
        "arbitrated",
        ("S2", "S45"),
        usd("30.00"),
    )


def test_g8_who_has_the_case_is_the_platforms_affair() -> None:
    claimed = dispute_of(after(under_review(), claim(on("Mar 18"))))
    shown = {who: dispute_view(claimed, 9, who, on("Mar 19"))["assignment"] for who in (BUYER, SELLER, CASE_TEAM)}
    assert {who.id for who, assignment in shown.items() if assignment} == {CASE_TEAM.id}
