"""Override: support forces an outcome, by two persons, in whatever state (T37, S20)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.rejections import NotAppealable
from dispute.views.disputes.actions import dispute_actions
from dispute.views.disputes.dispute import dispute_view
from shared.actions import rendered
from shared.events.base import Actor
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    DisputeOpened,
    Escalated,
    EscalationReason,
    ReachedType,
    Reason,
    RefundDue,
    ReplacementNotDue,
    ReturnDue,
    ReturnNotDue,
    ReturnOutcome,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealWindowClosed, ClawbackRequested, Outcome
from shared.events.mediation.proposals import (
    ProposalDeclined,
    ProposalKind,
    SupportOverrideApplied,
    SupportOverrideProposed,
)
from shared.events.order import HoldEnd, PaymentHeld, PaymentHoldLifted
from shared.rejections import (
    ConflictOfInterest,
    Forbidden,
    IdempotencyKeyRequired,
    IfMatchRequired,
    SameReviewer,
    ValidationFailed,
    WrongPhase,
)
from tests.support.builders.disputes import (
    accept,
    agreed,
    counter,
    countered,
    dispute_of,
    dispute_stream,
    note_refund,
    note_return,
    offer,
    open_dispute,
    opened,
    refund_due,
)
from tests.support.builders.evidence import add
from tests.support.builders.mediation import (
    SUPPORT,
    SUPPORT_2,
    agree,
    appeal,
    appealed,
    decided,
    decline,
    escalated,
    force,
    paid,
    transfer,
    under_review,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on, order, order_of, usd
from tests.support.spec import Outcome as Came
from tests.support.spec import given

NOON, LATER = on("Mar 24"), on("Mar 25")
DECIDE = (SupportOverrideApplied, SolutionReached, RefundDue)


def forced(happened: Histories, amount: str = "30.00", at: datetime = NOON, **changed: Any) -> Histories:
    """One of support wants so much to go back."""
    return after(happened, force(at, amount, **changed))


def moved(happened: Histories, action: str) -> Histories:
    return after(happened, transfer(NOON, action))


def answered(
    happened: Histories, actor: Actor = SUPPORT_2, at: datetime = LATER, word: Any = agree, **more: Any
) -> Came:
    """Another one's word on it."""
    made = dispute_of(happened).case.proposal
    assert made
    named = {"name": made.proposal_id, "answers": ProposalKind.OVERRIDE}
    return given(decider, happened).when(word(at, actor, **named | more))


@pytest.mark.parametrize("word", [agree, decline])
def test_t37_g13_g8_what_does_not_rest_on_all_the_evidence_is_neither_offered_nor_answered(word: Any) -> None:
    first, last = on("Mar 13"), on("Mar 14")
    proposed = forced(opened(), at=first)
    later = after(proposed, add(last, SELLER))
    answered(later, at=last, word=word).then_rejects(WrongPhase)
    for happened, code in ((proposed, None), (later, "wrong_phase")):
        told: Any = rendered(dispute_actions(dispute_of(happened), SUPPORT_2, last))
        offered = {one["rel"]: one.get("code") for actions in told.values() for one in actions}
        assert offered["agree-override"] == code


def test_t37_the_first_one_only_proposes_and_says_why() -> None:
    command = force(NOON)
    outcome = given(decider, opened()).when(command).then_types(SupportOverrideProposed)
    (made,) = outcome.events
    assert (made.action, made.ticket, made.by, made.ruling.amount) == ("decide", "CASE-4711", SUPPORT.id, usd("30.00"))
    assert made.rules == ("T37", "S20", "S20", "S2")
    assert {text.ref for text in command.personal} == {made.reason_ref, made.ruling.text_ref}
    assert outcome.states[0].state == DisputeState.AWAITING_SELLER


STATES: dict[DisputeState, Callable[[], Histories]] = {
    DisputeState.AWAITING_SELLER: opened,
    DisputeState.AWAITING_BUYER: countered,
    DisputeState.ESCALATED: escalated,
    DisputeState.UNDER_REVIEW: under_review,
}


@pytest.mark.parametrize("state", STATES)
def test_t37_s20_another_one_agrees_and_what_was_proposed_is_paid_in_every_open_state(state: DisputeState) -> None:
    outcome = answered(forced(STATES[state]())).then_types(*DECIDE)
    applied, reached, due = outcome.events
    assert (applied.decided_by, applied.agreed_by) == (SUPPORT.id, SUPPORT_2.id)
    assert (reached.reached_type, due.amount) == (ReachedType.SUPPORT_OVERRIDE, usd("30.00"))
    dispute: Dispute = outcome.states[0]
    assert (dispute.state, dispute.case.reached) == (DisputeState.DECIDED, ReachedType.SUPPORT_OVERRIDE)
    assert outcome.deadlines.keys() == {("order-o1", "protection_end")}
    (closed,) = [e for e in outcome.when(note_refund(due, LATER)).events if isinstance(e, DisputeClosed)]
    assert (closed.reason, closed.reached_type) == (CloseReason.REFUNDED, ReachedType.SUPPORT_OVERRIDE)


def test_t37_s12_for_the_seller_it_ends_at_once() -> None:
    outcome = answered(forced(under_review(), "0.00"))
    _, closed, lifted = outcome.then_types(SupportOverrideApplied, DisputeClosed, PaymentHoldLifted).events
    assert (closed.reason, closed.reached_type) == (CloseReason.NO_REFUND, ReachedType.SUPPORT_OVERRIDE)
    assert lifted.because == HoldEnd.DECIDED


@pytest.mark.parametrize(("amount", "due"), [("45.00", "15.00"), ("30.00", None)])
def test_t37_k18_of_what_was_decided_and_paid_the_difference_is_asked_for(amount: str, due: str | None) -> None:
    outcome = answered(forced(paid(decided("30.00")), amount))
    kinds = [SupportOverrideApplied, AppealWindowClosed, SolutionReached]
    asked = [event.amount for event in outcome.events if isinstance(event, RefundDue)]
    assert [type(event) for event in outcome.events[:3]] == kinds
    assert asked == ([usd(due)] if due else [])
    assert isinstance(outcome.events[-1], RefundDue if due else PaymentHoldLifted)


def test_t37_k19_what_is_less_than_was_paid_is_asked_back() -> None:
    outcome = answered(forced(appealed("30.00"), "10.00"))
    kinds = (SupportOverrideApplied, AppealWindowClosed, SolutionReached, ClawbackRequested)
    outcome.then_types(*kinds, DisputeClosed, PaymentHoldLifted)
    assert outcome.events[3].amount == usd("20.00")


def test_t37_less_is_proposed_once_it_is_known_whether_it_was_paid() -> None:
    given(decider, decided("30.00")).when(force(NOON, "10.00")).then_rejects(WrongPhase)


def test_t37_an_agreed_return_is_withdrawn_where_support_lets_the_buyer_keep_the_goods() -> None:
    outcome = answered(forced(agreed(SolutionType.RETURN_AND_REFUND)))
    outcome.then_types(SupportOverrideApplied, ReturnNotDue, SolutionReached, RefundDue)


def test_t37_a_replacement_is_not_due_any_more_where_support_wants_the_goods_back() -> None:
    happened = opened(reason=Reason.LATE, happened=order(shipped="Mar 1", delivered="Mar 11"))
    happened = after(
        happened, counter(on("Mar 13"), solution=offer("0.00", SolutionType.EXCHANGE)), accept(on("Mar 14"))
    )
    outcome = answered(forced(happened, type=SolutionType.RETURN_AND_REFUND))
    outcome.then_types(SupportOverrideApplied, ReplacementNotDue, SolutionReached, ReturnDue)


def test_t37_s55_nobody_appeals_what_support_has_decided() -> None:
    outcome = answered(forced(paid(decided("30.00")), "45.00"))
    outcome.when(appeal(LATER)).then_rejects(NotAppealable)
    due = outcome.events[-1]
    outcome.when(note_refund(due, LATER)).when(appeal(LATER)).then_rejects(NotAppealable)


def test_t37_the_case_team_is_handed_what_it_has_not() -> None:
    outcome = answered(moved(opened(), "escalate")).then_types(SupportOverrideApplied, Escalated)
    event = outcome.events[1]
    assert (event.by, event.reason) == ("support", EscalationReason.SUPPORT_OVERRIDE)
    assert outcome.states[0].state == DisputeState.ESCALATED
    given(decider, escalated()).when(transfer(NOON, "escalate")).then_rejects(WrongPhase)


def test_t37_what_was_opened_by_mistake_closes_and_the_buyer_may_open_again() -> None:
    outcome = answered(moved(countered(), "close"))
    _, closed, lifted = outcome.then_types(SupportOverrideApplied, DisputeClosed, PaymentHoldLifted).events
    assert (closed.reason, closed.reached_type, closed.amount) == (CloseReason.ERRONEOUS, None, usd("0.00"))
    assert lifted.because == HoldEnd.CLOSED
    assert order_of(outcome.after).lines["l1"].free == 1
    assert outcome.deadlines.keys() == {("order-o1", "protection_end")}
    outcome.when(open_dispute(LATER, n=2)).then_types(DisputeOpened, PaymentHeld)


@pytest.mark.parametrize("action", ["escalate", "close"])
def test_t37_no_other_state_undoes_what_was_asked_for(action: str) -> None:
    for happened in (agreed(), agreed(SolutionType.RETURN_AND_REFUND), decided("30.00")):
        given(decider, happened).when(transfer(NOON, action)).then_rejects(WrongPhase)


def test_t37_a_proposal_ends_once_more_money_is_asked_for() -> None:
    happened = agreed(SolutionType.RETURN_AND_REFUND)
    proposed = forced(happened)
    assert dispute_of(proposed).case.proposal
    (due,) = [event for event in happened[dispute_stream()] if isinstance(event, ReturnDue)]
    steps = (ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED, ReturnOutcome.PASSED)
    proposed = after(proposed, *(note_return(due, step, LATER) for step in steps))
    assert dispute_of(proposed).case.proposal is None


def test_t37_g15_the_second_one_is_another_of_support_and_no_party() -> None:
    happened = forced(opened())
    answered(happened, SUPPORT).then_rejects(SameReviewer)
    for stranger in (CASE_TEAM, BUYER, SELLER):
        answered(happened, stranger).then_rejects(Forbidden)
    both = Actor(id=SELLER.id, roles=frozenset({"support"}))
    answered(happened, both).then_rejects(ConflictOfInterest)
    given(decider, opened()).when(force(NOON, actor=both)).then_rejects(ConflictOfInterest)


def test_t37_it_is_agreed_to_with_a_key_and_a_look_and_in_time() -> None:
    happened = forced(opened(), at=on("Mar 13"))
    answered(happened, at=on("Mar 14"), has_key=False).then_rejects(IdempotencyKeyRequired)
    answered(happened, at=on("Mar 14"), has_seen=False).then_rejects(IfMatchRequired)
    answered(happened, at=on("Mar 14"), answers=ProposalKind.DECISION).then_rejects(Forbidden)
    answered(happened, at=on("Mar 21", "00:00")).then_rejects(WrongPhase)


def test_t37_who_declines_says_why() -> None:
    happened = forced(opened())
    (declined,) = answered(happened, word=decline).then_types(ProposalDeclined).events
    assert (declined.kind, declined.rules) == (ProposalKind.OVERRIDE, ("T37", "G15"))


def test_t37_g13_it_is_a_ruling_and_passes_the_guards_of_one() -> None:
    given(decider, opened()).when(force(NOON, rules=("none",))).then_rejects(ValidationFailed)
    given(decider, opened()).when(force(NOON, outcome=Outcome.SELLER_FAVOUR)).then_rejects(ValidationFailed)
    given(decider, opened()).when(force(NOON, reason="中")).then_rejects(ValidationFailed)


def test_t37_a_closed_dispute_and_a_cancelled_order_stay_as_they_are() -> None:
    happened = agreed()
    closed = after(happened, note_refund(refund_due(happened), on("Mar 14")))
    given(decider, closed).when(force(NOON)).then_rejects(WrongPhase)


def test_t37_s52_the_parties_see_what_was_decided_and_not_by_whom() -> None:
    outcome = answered(forced(opened()))
    for viewer, ticket in ((BUYER, False), (SUPPORT, True)):
        shown = dispute_view(outcome.states[0], 5, viewer, LATER)
        (decision,) = shown["decisions"]
        assert (decision["kind"], decision["amount"]) == ("support_override", usd("30.00"))
        assert shown["result"] and shown["result"]["reached_type"] == ReachedType.SUPPORT_OVERRIDE
        waits = dispute_view(dispute_of(forced(opened())), 2, viewer, LATER)["proposals"]
        assert [made["override"]["ticket"] for made in waits if made["override"]] == (["CASE-4711"] if ticket else [])
