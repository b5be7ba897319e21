"""Escalation by a party (T9, G11, K16), and settlement while the case team has the dispute (T43)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import EscalationNotYet
from shared.events.base import Actor
from shared.events.dispute import (
    Decision,
    Escalated,
    EscalationReason,
    Payer,
    ReachedType,
    Reason,
    RefundDue,
    RefundSource,
    ReturnOutcome,
    SolutionAccepted,
    SolutionProposed,
    SolutionReached,
    SolutionType,
)
from shared.rejections import DeadlinePassed, ValidationFailed, WrongPhase
from tests.support.builders.disputes import (
    accept,
    agreed,
    counter,
    countered,
    dispute_of,
    modify,
    note_return,
    offer,
    opened,
    respond,
    return_due,
)
from tests.support.builders.mediation import D3, escalate, escalated, under_review
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on, order, terms
from tests.support.spec import given

D1, D2 = on("Mar 18", "00:00"), on("Mar 19", "00:00")


@pytest.mark.parametrize("party", [BUYER, SELLER])
def test_s49_t9_either_party_hands_it_to_the_case_team(party: Actor) -> None:
    outcome = given(decider, countered()).when(escalate(on("Mar 14"), party, reason="No agreement."))
    (event,) = outcome.then_types(Escalated).events
    assert (event.by, event.reason, event.evidence_until) == (
        next(iter(party.roles)),
        EscalationReason.REQUESTED,
        D3,
    )
    assert event.reason_ref and [text.body for text in escalate(on("Mar 14"), party, reason="No agreement.").personal]
    assert outcome.states[0].state == DisputeState.ESCALATED
    assert {kind for stream, kind in outcome.deadlines if stream.startswith("dispute-")} == {"evidence"}


def test_g11_before_the_seller_has_answered_there_is_d1_to_wait_for() -> None:
    refusal = given(decider, opened()).when(escalate(on("Mar 14"))).then_rejects(EscalationNotYet)
    assert refusal.members == {"allowed_at": D1}


def test_g11_k16_after_the_first_answer_also_while_the_seller_is_asked_again() -> None:
    again = after(countered(), modify(on("Mar 14"), amount="40.00"))
    given(decider, again).when(escalate(on("Mar 15"))).then_types(Escalated)


def test_g11_a_programme_may_want_days_to_pass_first() -> None:
    patient = after(
        opened(happened=order(shipped="Mar 1", terms=terms(escalation_after_days=2))), counter(on("Mar 13"))
    )
    refusal = given(decider, patient).when(escalate(on("Mar 14", "23:59"))).then_rejects(EscalationNotYet)
    assert refusal.members == {"allowed_at": on("Mar 15", "00:00")}
    given(decider, patient).when(escalate(on("Mar 15", "00:00"))).then_types(Escalated)


def test_g8_who_was_silent_until_the_deadline_does_not_escalate_either() -> None:
    given(decider, countered()).when(escalate(D2)).then_rejects(DeadlinePassed)


def test_t9_nobody_escalates_what_is_escalated_or_agreed() -> None:
    for happened in (escalated(), under_review(), agreed()):
        given(decider, happened).when(escalate(on("Mar 18"))).then_rejects(WrongPhase)


# Settling with the case team (T43)


@pytest.mark.parametrize("happened", [escalated, under_review])
def test_t43_the_seller_may_still_grant_the_request(happened: Any) -> None:
    outcome = given(decider, happened()).when(respond(Decision.ACCEPT, on("Mar 18")))
    reached, due = outcome.then_types(SolutionReached, RefundDue).events
    assert (reached.reached_type, due.source, due.amount) == (
        ReachedType.NEGOTIATED,
        RefundSource.AGREEMENT,
        reached.solution.amount,
    )
    assert outcome.states[0].state == DisputeState.AGREED
    assert not [kind for stream, kind in outcome.deadlines if stream.startswith("dispute-")]


@pytest.mark.parametrize("happened", [escalated, under_review])
def test_t43_a_proposal_changes_nothing_until_the_buyer_accepts_it(happened: Any) -> None:
    given(decider, happened()).when(accept(on("Mar 18"))).then_rejects(WrongPhase)
    proposed = given(decider, happened()).when(counter(on("Mar 18"), "35.00")).then_types(SolutionProposed)
    assert proposed.states[0].state == dispute_of(happened()).state
    outcome = proposed.when(accept(on("Mar 18"))).then_types(SolutionAccepted, SolutionReached, RefundDue)
    assert outcome.events[2].amount.amount == "35.00"


@pytest.mark.parametrize("happened", [escalated, under_review])
def test_t43_the_offer_that_stands_already_changes_nothing(happened: Any) -> None:
    offered = after(happened(), counter(on("Mar 17"), "35.00"))
    given(decider, offered).when(counter(on("Mar 18"), "35.00")).then_nothing()
    given(decider, offered).when(counter(on("Mar 18"), "36.00")).then_types(SolutionProposed)
    freight = offer("35.00", freight_payer=Payer.BUYER)
    given(decider, offered).when(counter(on("Mar 18"), solution=freight)).then_types(SolutionProposed)


def test_t43_another_address_is_another_offer_and_the_same_one_is_none() -> None:
    to = offer("35.00", SolutionType.RETURN_AND_REFUND, address="Pier 2")
    late = after(opened(reason=Reason.LATE), counter(on("Mar 13")), escalate(on("Mar 14")))
    offered = after(late, counter(on("Mar 15"), solution=to))
    again = counter(on("Mar 16"), solution=to)
    given(decider, offered).when(again).then_types(SolutionProposed)
    standing = dispute_of(offered).offer
    assert standing and again.personal
    same = again.model_copy(update={"standing_address_ref": standing.address_ref})
    assert same.personal == ()
    given(decider, offered).when(same).then_nothing()


def test_t43_nobody_has_to_refuse_what_the_case_team_decides() -> None:
    refusal = given(decider, escalated()).when(respond(Decision.REJECT, on("Mar 15"))).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/decision"


def came_back_damaged() -> Histories:
    happened = agreed(SolutionType.RETURN_AND_REFUND)
    steps = (ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED, ReturnOutcome.FAILED)
    noted = [note_return(return_due(happened), step, on(f"Mar {day}")) for day, step in enumerate(steps, 14)]
    return after(happened, *noted)


def test_t43_g7_goods_that_came_back_are_not_sent_again() -> None:
    given(decider, came_back_damaged()).when(respond(Decision.ACCEPT, on("Mar 17"))).then_rejects(ValidationFailed)
    given(decider, came_back_damaged()).when(counter(on("Mar 17"), "20.00")).then_types(SolutionProposed)
