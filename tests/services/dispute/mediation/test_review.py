"""Review: statements, who has a case, and what the case team asks (T13, T14, T16, T42)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.mediation.review import AskedQuestion
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import Claimed
from shared.events.base import Actor
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.events.mediation import (
    CaseClaimed,
    CaseReleased,
    EvidenceCompleted,
    EvidenceRequested,
    EvidenceWindowClosed,
    ReviewOverdue,
    ReviewStarted,
    StatementSubmitted,
)
from shared.rejections import ConflictOfInterest, DeadlinePassed, Forbidden, ValidationFailed, WrongPhase
from tests.support.builders.disputes import dispute_id, dispute_stream, expire
from tests.support.builders.mediation import (
    D3,
    REVIEWER_2,
    SUPPORT,
    ask_for,
    claim,
    escalated,
    release,
    review,
    state,
    under_review,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, ORDER, SELLER, after, on
from tests.support.servers.in_memory import InMemory, came_of, in_memory
from tests.support.servers.service import StandingClock
from tests.support.spec import given

D5 = on("Mar 26", "00:00")
QUESTION = AskedQuestion(key="box", text="Was the box open?", mandatory=True)


def deadlines_of(outcome: Any) -> dict[str, Any]:
    """The dispute's deadlines by kind."""
    return {kind: due for (stream, kind), due in outcome.deadlines.items() if stream == dispute_stream()}


# Statements


def test_s50_t42_a_partys_word_is_kept_under_its_keys_beside_the_log() -> None:
    command = state(on("Mar 15"), answers={"box": "It was open."})
    (event,) = given(decider, escalated()).when(command).then_types(StatementSubmitted).events
    assert (event.by, event.complete, [answer.key for answer in event.answers]) == ("buyer", False, ["box"])
    assert [(text.ref, text.body) for text in command.personal] == [(event.answers[0].text_ref, "It was open.")]


def test_t42_t13_once_both_are_complete_the_review_starts_by_itself() -> None:
    first = given(decider, escalated()).when(state(on("Mar 15"), SELLER))
    assert first.then_types(StatementSubmitted, EvidenceCompleted).states[0].state == DisputeState.ESCALATED
    second = first.when(state(on("Mar 15", "13:00"), BUYER))
    second.then_types(StatementSubmitted, EvidenceCompleted, EvidenceWindowClosed, ReviewStarted)
    assert second.events[-1].reviewer is None and second.events[-2].complete
    assert deadlines_of(second) == {"review": on("Mar 23", "00:00")}


def test_t42_who_is_complete_says_nothing_more() -> None:
    done = after(escalated(), state(on("Mar 15"), BUYER))
    given(decider, done).when(state(on("Mar 16"), BUYER, answers={"box": "And more."})).then_rejects(WrongPhase)
    given(decider, done).when(state(on("Mar 16"), SELLER, answers={"box": "No."})).then_types(StatementSubmitted)


def test_d3_g8_a_statement_at_the_windows_end_is_too_late() -> None:
    given(decider, escalated()).when(state(on("Mar 17", "23:59"))).then_types(StatementSubmitted, EvidenceCompleted)
    given(decider, escalated()).when(state(D3)).then_rejects(DeadlinePassed)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"complete": False}, ""),
        ({"answers": {"box": "它是开着的"}}, "/answers/box"),
        ({"evidence": ("evd_1",)}, "/evidence/0"),
    ],
)
def test_s31_g7_a_statement_says_something_in_words_that_are_allowed(said: Any, pointer: str) -> None:
    refusal = given(decider, escalated()).when(state(on("Mar 15"), **said)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == pointer


# The review


def test_t13_d3_the_review_starts_by_itself_when_the_window_ends() -> None:
    outcome = given(decider, escalated()).when(expire("evidence", D3)).then_types(EvidenceWindowClosed, ReviewStarted)
    assert (outcome.states[0].state, deadlines_of(outcome)) == (DisputeState.UNDER_REVIEW, {"review": D5})


def test_t13_nobody_starts_it_before_and_whoever_starts_it_has_the_case() -> None:
    refusal = given(decider, escalated()).when(review(on("Mar 17"))).then_rejects(WrongPhase)
    assert refusal.members["allowed_at"] == D3
    outcome = given(decider, escalated()).when(review(D3))
    outcome.then_types(CaseClaimed, EvidenceWindowClosed, ReviewStarted)
    assert outcome.events[2].reviewer == CASE_TEAM.id


def test_t13_a_review_that_began_by_itself_gets_its_reviewer_once() -> None:
    taken = given(decider, under_review()).when(review(on("Mar 18"))).then_types(CaseClaimed)
    taken.when(review(on("Mar 19"))).then_nothing()
    refusal = taken.when(review(on("Mar 19"), REVIEWER_2)).then_rejects(Claimed)
    assert (refusal.members["reviewer"], refusal.cited) == (CASE_TEAM.id, ("S49", "T13"))


def test_d5_t16_k17_a_review_that_takes_too_long_is_an_alarm_and_decides_nothing() -> None:
    outcome = given(decider, under_review()).when(expire("review", D5)).then_types(ReviewOverdue)
    assert (outcome.states[0].state, deadlines_of(outcome)) == (
        DisputeState.UNDER_REVIEW,
        {"review": on("Apr 3", "00:00")},
    )


# Who has the case


def test_a_case_has_one_reviewer_who_gives_it_back_or_away() -> None:
    claimed = after(escalated(), claim(on("Mar 15")))
    given(decider, claimed).when(claim(on("Mar 15", "13:00"))).then_nothing()
    given(decider, claimed).when(claim(on("Mar 16"), REVIEWER_2)).then_rejects(Claimed)
    given(decider, claimed).when(release(on("Mar 16"), REVIEWER_2)).then_rejects(Claimed)
    given(decider, claimed).when(release(on("Mar 16"))).then_types(CaseReleased)
    given(decider, claimed).when(claim(on("Mar 16"), reviewer=REVIEWER_2.id)).then_types(CaseClaimed)
    given(decider, escalated()).when(release(on("Mar 16"))).then_rejects(WrongPhase)
    given(decider, escalated()).when(claim(on("Mar 16"), reviewer=REVIEWER_2.id)).then_rejects(WrongPhase)


def test_support_hands_a_case_over_and_takes_none() -> None:
    for happened in (escalated(), after(escalated(), claim(on("Mar 15")))):
        given(decider, happened).when(claim(on("Mar 16"), SUPPORT, reviewer=REVIEWER_2.id)).then_types(CaseClaimed)
        given(decider, happened).when(claim(on("Mar 16"), SUPPORT)).then_rejects(ValidationFailed)


@pytest.mark.parametrize("party", [BUYER, SELLER])
def test_g15_no_reviewer_is_a_party_of_the_order(party: Actor) -> None:
    biased = Actor(id=party.id, roles=frozenset({"case_team"}))
    for command in (claim(on("Mar 18"), biased), review(on("Mar 18"), biased), ask_for(on("Mar 18"), actor=biased)):
        given(decider, under_review()).when(command).then_rejects(ConflictOfInterest)
    given(decider, under_review()).when(claim(on("Mar 18"), SUPPORT, reviewer=party.id)).then_rejects(
        ConflictOfInterest
    )


def test_g8_the_case_is_the_case_teams() -> None:
    for party in (BUYER, SELLER, SUPPORT):
        given(decider, under_review()).when(review(on("Mar 18"), party)).then_rejects(Forbidden)
    for party in (BUYER, SELLER):
        given(decider, under_review()).when(claim(on("Mar 18"), party)).then_rejects(Forbidden)


# Questions


def test_t14_s54_a_party_is_asked_and_its_word_alone_ends_the_window() -> None:
    asked = given(decider, under_review()).when(ask_for(on("Mar 18"), questions=(QUESTION,)))
    assert asked.then_types(EvidenceRequested).states[0].state == DisputeState.ESCALATED
    assert deadlines_of(asked) == {"evidence": on("Mar 22", "00:00")}
    asked.when(state(on("Mar 19"))).then_rejects(ValidationFailed)
    answered = asked.when(state(on("Mar 19"), answers={"box": "Yes."}, complete=True))
    answered.then_types(StatementSubmitted, EvidenceCompleted, EvidenceWindowClosed, ReviewStarted)


def test_t14_a_party_that_was_complete_is_heard_again_and_the_other_still_is_not() -> None:
    both = after(escalated(), state(on("Mar 15"), SELLER), state(on("Mar 15"), BUYER), ask_for(on("Mar 16")))
    given(decider, both).when(state(on("Mar 17"), BUYER, answers={"box": "Yes."})).then_types(StatementSubmitted)
    given(decider, both).when(state(on("Mar 17"), SELLER, answers={"box": "No."})).then_rejects(WrongPhase)


def test_t14_t42_a_question_asked_anew_under_the_same_key_is_not_answered_by_what_was_said_before() -> None:
    first = given(decider, under_review()).when(ask_for(on("Mar 18"), questions=(QUESTION,)))
    answered = first.when(state(on("Mar 19"), answers={"box": "Yes."}, complete=True))
    again = answered.when(ask_for(on("Mar 20"), questions=(QUESTION,)))
    refusal = again.when(state(on("Mar 21"))).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/answers/box"
    in_parts = again.when(state(on("Mar 21"), answers={"box": "At noon."}))
    in_parts.then_types(StatementSubmitted).when(state(on("Mar 21", "13:00"))).then_types(
        StatementSubmitted, EvidenceCompleted, EvidenceWindowClosed, ReviewStarted
    )


def test_t14_the_time_to_answer_may_be_set() -> None:
    asked = given(decider, under_review()).when(ask_for(on("Mar 18"), days=10))
    assert deadlines_of(asked) == {"evidence": on("Mar 29", "00:00")}


def test_t14_a_key_is_asked_once() -> None:
    twice = ask_for(on("Mar 18"), questions=(QUESTION, QUESTION))
    refusal = given(decider, under_review()).when(twice).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/questions/1/key"


# Over HTTP, where no timer has come first


@pytest.fixture
async def service() -> AsyncIterator[InMemory]:
    """With a dispute that was escalated, and no worker."""
    async with in_memory("dispute") as service:
        for stream, events in escalated().items():
            cause = Cause(derived_uuid(stream), D3, "system:makewhole")
            await service.app.state.store.append([Write(stream, ORDER, 0, events)], cause)
        yield service


async def test_t13_the_review_begins_when_the_window_is_over_and_not_before(service: InMemory) -> None:
    came = []
    for at in (D3 - timedelta(minutes=1), D3):
        service.app.clock = StandingClock(at)
        answer = await service.ask("POST", f"/v1/disputes/{dispute_id()}/review", role="case_team")
        came.append(came_of(answer))
    assert came == ["409 wrong_phase", "200"]
    assert (answer.json()["state"], answer.json()["assignment"]["reviewer"]) == ("under_review", "case_team-1")
