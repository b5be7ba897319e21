"""Appeal: either party once, decided by somebody else, and the difference in money (T17, T18, T44, G14, G15, K18)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.visibility import looks_as, visible_refs
from dispute.domain.rejections import (
    AlreadyAppealed,
    AppealWindowOver,
    Claimed,
    NotAppealable,
    OtherPartyMayAppeal,
    UnexplainedDecision,
)
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Actor
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    Escalated,
    ReachedType,
    RefundDue,
    RefundOutcome,
    ReturnNotDue,
    ReturnOutcome,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import (
    AppealDecided,
    Appealed,
    AppealOutcome,
    AppealReviewOverdue,
    AppealWindowClosed,
    ClawbackRequested,
    SurveySubmitted,
    SurveyWindowClosed,
)
from shared.events.order import PaymentHoldLifted
from shared.rejections import DeadlinePassed, Forbidden, SameReviewer, ValidationFailed, WrongPhase
from tests.support.builders.disputes import (
    agreed,
    counter,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    note_return,
    opened,
    refund_due,
    return_due,
)
from tests.support.builders.mediation import (
    D3,
    D6,
    REVIEWER_2,
    SUPPORT,
    appeal,
    appealed,
    claim,
    decide,
    decide_appeal,
    decided,
    escalate,
    paid,
    survey,
    under_review,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on, usd
from tests.support.spec import given

LATER = on("Mar 27")
"""After D6, so that nobody else may appeal any more."""


@pytest.mark.parametrize("party", [BUYER, SELLER])
def test_s55_t17_either_party_appeals_until_the_seventh_day(party: Actor) -> None:
    outcome = given(decider, decided()).when(appeal(on("Mar 25", "23:59"), party)).then_types(Appealed)
    assert outcome.states[0].state == DisputeState.APPEAL_REVIEW
    kinds = {kind for stream, kind in outcome.deadlines if stream == dispute_stream()}
    assert kinds == {"appeal", "appeal_review", "survey"}
    given(decider, decided()).when(appeal(D6, party)).then_rejects(AppealWindowOver)


def test_g14_s55_after_the_window_and_after_the_end_there_is_none() -> None:
    over = after(paid(decided()), expire("appeal", D6))
    given(decider, over).when(appeal(LATER)).then_rejects(AppealWindowOver)
    waiting = after(decided(), expire("appeal", D6))
    given(decider, waiting).when(appeal(LATER)).then_rejects(AppealWindowOver)


def test_g14_s55_what_the_parties_settled_is_not_appealable() -> None:
    happened = agreed()
    closed = after(happened, note_refund(refund_due(happened), on("Mar 14")))
    for settled in (happened, closed, under_review()):
        given(decider, settled).when(appeal(on("Mar 18"))).then_rejects(NotAppealable)


def test_g14_k18_each_party_once_also_while_the_others_appeal_runs() -> None:
    happened = appealed()
    given(decider, happened).when(appeal(on("Mar 21"), SELLER)).then_rejects(AlreadyAppealed)
    crossed = given(decider, happened).when(appeal(on("Mar 21"), BUYER)).then_types(Appealed)
    assert crossed.events[0].review_until is None
    assert crossed.states[0].case.appeal_review_until == on("Mar 28", "00:00")


def test_d8_t44_an_appeals_review_that_takes_too_long_is_an_alarm() -> None:
    outcome = given(decider, appealed()).when(expire("appeal_review", on("Mar 28", "00:00")))
    assert outcome.then_types(AppealReviewOverdue).states[0].case.appeal_review_until == on("Apr 5", "00:00")


def test_d6_t19_the_window_ends_while_an_appeal_is_under_review_and_nothing_closes() -> None:
    outcome = given(decider, appealed()).when(expire("appeal", D6)).then_types(AppealWindowClosed)
    assert outcome.states[0].state == DisputeState.APPEAL_REVIEW


# Who decides, and when


def test_g15_the_appeal_is_decided_by_somebody_else() -> None:
    for command in (decide_appeal(LATER, actor=CASE_TEAM), claim(LATER)):
        given(decider, appealed()).when(command).then_rejects(SameReviewer)
    handed = claim(LATER, SUPPORT, reviewer=CASE_TEAM.id)
    given(decider, appealed()).when(handed).then_rejects(SameReviewer)
    claimed = after(appealed(), claim(on("Mar 21"), REVIEWER_2))
    third = CASE_TEAM.model_copy(update={"id": "case-3"})
    given(decider, claimed).when(decide_appeal(LATER, actor=third)).then_rejects(Claimed)
    for party in (BUYER, SELLER, SUPPORT):
        given(decider, claimed).when(decide_appeal(LATER, actor=party)).then_rejects(Forbidden)


def test_g15_not_before_the_other_party_has_appealed_or_cannot_any_more() -> None:
    refusal = given(decider, appealed()).when(decide_appeal(on("Mar 21"))).then_rejects(OtherPartyMayAppeal)
    assert refusal.members == {"allowed_at": D6}
    crossed = after(appealed(), appeal(on("Mar 21"), BUYER))
    given(decider, crossed).when(decide_appeal(on("Mar 22"))).then_types(
        AppealDecided, AppealWindowClosed, DisputeClosed, PaymentHoldLifted
    )


# What becomes of it


def test_t18_k18_upheld_changes_nothing_and_closes_what_is_paid() -> None:
    outcome = given(decider, appealed()).when(decide_appeal(LATER))
    decided_, _, closed, _ = outcome.then_types(
        AppealDecided, AppealWindowClosed, DisputeClosed, PaymentHoldLifted
    ).events
    assert (decided_.decision, decided_.ruling.amount) == (AppealOutcome.UPHELD, usd("30.00"))
    assert (closed.reached_type, closed.amount) == (ReachedType.ARBITRATED, usd("30.00"))


def test_t18_k18_more_is_asked_for_as_the_difference() -> None:
    outcome = given(decider, appealed()).when(decide_appeal(LATER, "45.00"))
    _, _, reached, due = outcome.then_types(AppealDecided, AppealWindowClosed, SolutionReached, RefundDue).events
    assert (reached.reached_type, reached.solution.amount, due.amount) == (
        ReachedType.APPEAL,
        usd("45.00"),
        usd("15.00"),
    )
    assert outcome.states[0].state == DisputeState.DECIDED
    noted = outcome.when(note_refund(due, on("Mar 27", "13:00")))
    assert noted.events[1].amount == usd("45.00") and noted.states[0].state == DisputeState.CLOSED


def test_t18_k18_k19_less_that_is_paid_is_asked_back_and_never_taken() -> None:
    outcome = given(decider, appealed()).when(decide_appeal(LATER, "10.00"))
    kinds = (AppealDecided, AppealWindowClosed, SolutionReached, ClawbackRequested, DisputeClosed, PaymentHoldLifted)
    back = outcome.then_types(*kinds).events[3]
    assert (back.party, back.amount, back.clawback_id[:4]) == ("buyer", usd("20.00"), "clw_")


def test_t18_k18_a_reversal_after_payment_asks_for_all_of_it() -> None:
    command = decide_appeal(LATER, "0.00", decision=AppealOutcome.REVERSED)
    outcome = given(decider, appealed()).when(command)
    kinds = (AppealDecided, AppealWindowClosed, ClawbackRequested, DisputeClosed, PaymentHoldLifted)
    closed = outcome.then_types(*kinds).events[3]
    assert (closed.reason, closed.amount, closed.reached_type) == (
        CloseReason.NO_REFUND,
        usd("0.00"),
        ReachedType.APPEAL,
    )


def test_t18_a_decision_for_the_seller_may_be_reversed_for_the_buyer() -> None:
    command = decide_appeal(LATER, "50.00", decision=AppealOutcome.REVERSED)
    outcome = given(decider, appealed("0.00")).when(command)
    outcome.then_types(AppealDecided, AppealWindowClosed, SolutionReached, RefundDue)
    assert outcome.events[3].amount == usd("50.00")


@pytest.mark.parametrize("answer", [None, RefundOutcome.FAILED, RefundOutcome.SENT_TO_MANUAL])
def test_k18_less_waits_until_it_is_known_what_was_paid(answer: RefundOutcome | None) -> None:
    happened = decided()
    noted = [note_refund(refund_due(happened), on("Mar 19"), answer, "account_invalid")] if answer else []
    waiting = after(happened, *noted, appeal(on("Mar 20")))
    given(decider, waiting).when(decide_appeal(LATER, "10.00")).then_rejects(WrongPhase)
    given(decider, waiting).when(decide_appeal(LATER)).then_types(AppealDecided, AppealWindowClosed)
    given(decider, waiting).when(decide_appeal(LATER, "40.00")).then_types(
        AppealDecided, AppealWindowClosed, SolutionReached, RefundDue
    )


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"decision": AppealOutcome.UPHELD, "amount": "30.00"}, "/outcome", "not_expected"),
        ({"decision": AppealOutcome.AMENDED, "amount": "30.00"}, "/decision", "nothing_changed"),
        ({"decision": AppealOutcome.REVERSED, "amount": "20.00"}, "/outcome", "outcome_differs"),
    ],
)
def test_t18_what_is_upheld_stays_and_what_is_changed_changes(changed: Any, pointer: str, code: str) -> None:
    refusal = given(decider, appealed()).when(decide_appeal(LATER, **changed)).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [(pointer, code)]


def test_g13_an_appeals_decision_is_explained_as_well() -> None:
    given(decider, appealed()).when(decide_appeal(LATER, rules=())).then_rejects(UnexplainedDecision)


# Goods


def returning() -> Histories:
    """Goods that came late are to go back for 30.00, and the buyer appeals on 20 March."""
    goods: dict[str, Any] = {"type": SolutionType.RETURN_AND_REFUND}
    late = after(opened(**goods), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    return after(late, decide(on("Mar 18"), **goods), appeal(on("Mar 20"), BUYER))


def test_t18_a_return_that_is_no_longer_due_is_withdrawn() -> None:
    outcome = given(decider, returning()).when(decide_appeal(LATER, "20.00"))
    outcome.then_types(AppealDecided, AppealWindowClosed, ReturnNotDue, SolutionReached, RefundDue)
    assert outcome.events[4].amount == usd("20.00")


def test_t18_a_return_that_stays_due_brings_the_new_amount() -> None:
    happened = after(returning(), decide_appeal(LATER, "40.00", type=SolutionType.RETURN_AND_REFUND))
    assert not dispute_of(happened).refunds
    passed = note_return(return_due(happened), ReturnOutcome.PASSED, on("Mar 30"))
    assert refund_due(after(happened, passed)).amount == usd("40.00")


def test_g7_t18_money_that_went_without_the_goods_does_not_wait_for_them_and_the_refusal_says_why() -> None:
    goods: dict[str, Any] = {"type": SolutionType.RETURN_AND_REFUND}
    asked = after(opened(**goods), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    happened = after(paid(after(asked, decide(on("Mar 18")))), appeal(on("Mar 20"), BUYER))
    refusal = given(decider, happened).when(decide_appeal(LATER, "40.00", **goods)).then_rejects(ValidationFailed)
    (error,) = refusal.errors
    assert (error["code"], error["detail"]) == ("nothing_to_return", "the money went without the goods")


def test_t27_goods_that_fail_during_an_appeal_begin_the_case_anew() -> None:
    failed = note_return(return_due(returning()), ReturnOutcome.FAILED, on("Mar 22"))
    outcome = given(decider, returning()).when(failed)
    assert isinstance(outcome.events[1], Escalated)
    assert {kind for stream, kind in outcome.deadlines if stream == dispute_stream()} == {"evidence"}


# The survey


def test_s56_t20_the_buyer_answers_once_until_the_fifteenth_day_also_after_the_end() -> None:
    closed = after(paid(decided()), expire("appeal", D6))
    for happened in (decided(), closed):
        answered = given(decider, happened).when(survey(on("Apr 2", "23:59"))).then_types(SurveySubmitted)
        answered.when(survey(on("Apr 2", "23:59"))).then_rejects(WrongPhase)
        given(decider, happened).when(survey(on("Apr 3", "00:00"))).then_rejects(DeadlinePassed)
        given(decider, happened).when(survey(on("Mar 27"), SELLER)).then_rejects(Forbidden)


def test_s56_what_the_buyer_says_of_the_team_is_read_by_the_buyer_and_the_platform_alone() -> None:
    answered = after(decided(), survey(on("Mar 19"), rating=2, text="It took long."))
    dispute = dispute_of(answered)
    events = {type(event): event for event in answered[dispute_stream()]}
    detail = events[SurveySubmitted].model_dump(mode="json")
    for actor, reads in ((BUYER, True), (CASE_TEAM, True), (SUPPORT, True), (SELLER, False)):
        shown = dispute_view(dispute, dispute.version, actor, on("Mar 19"))["survey"]
        assert (shown is not None and shown["rating"] == 2) == reads
        assert bool(visible_refs("survey_submitted", detail, looks_as(dispute, actor))) == reads
    assert dispute_view(dispute_of(decided()), 1, BUYER, on("Mar 19"))["survey"] is None


def test_s56_t20_without_a_result_of_the_case_team_there_is_nothing_to_ask() -> None:
    happened = agreed()
    closed = after(happened, note_refund(refund_due(happened), on("Mar 14")))
    for settled in (happened, closed, under_review()):
        given(decider, settled).when(survey(on("Mar 18"))).then_rejects(WrongPhase)


def test_d7_t44_s56_the_surveys_time_ends_after_the_dispute_has() -> None:
    closed = after(paid(decided()), expire("appeal", D6))
    outcome = given(decider, closed).when(expire("survey", on("Apr 3", "00:00"))).then_types(SurveyWindowClosed)
    assert not [kind for stream, kind in outcome.deadlines if stream == dispute_stream()]
    outcome.when(survey(on("Apr 4"))).then_rejects(DeadlinePassed)


def test_d7_s56_a_result_on_appeal_begins_the_surveys_days_anew_unless_it_was_sent() -> None:
    over = after(appealed(), expire("survey", on("Apr 3", "00:00")))
    outcome = given(decider, over).when(decide_appeal(on("Apr 4"), "20.00"))
    assert outcome.states[0].due("survey") == on("Apr 20", "00:00")
    outcome.when(survey(on("Apr 19"))).then_types(SurveySubmitted)

    answered = after(paid(decided()), survey(on("Mar 19")), appeal(on("Mar 20")))
    sent = given(decider, answered).when(decide_appeal(on("Mar 28"), "20.00"))
    assert sent.states[0].due("survey") is None
