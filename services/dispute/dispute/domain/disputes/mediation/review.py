"""Review: who of the case team has a case, when its evidence is gathered, and what a party is asked (T13, T14, T16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from dispute.domain.commands import DisputeCommand, text_ref, texts_about
from dispute.domain.deadlines import ExpireDeadline, evidence_due, review_due
from dispute.domain.disputes.guards import guard_may_decide
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import Step, guard
from shared.events.base import Event, Message, Personal
from shared.events.calendar import within_days
from shared.events.fields import Text, Word
from shared.events.ids import derived_id
from shared.events.mediation import (
    AnswerKind,
    CaseClaimed,
    CaseReleased,
    EvidenceRequested,
    EvidenceWindowClosed,
    Question,
    ReviewOverdue,
    ReviewStarted,
)
from shared.events.outside.ids import PartyId
from shared.rejections import ValidationFailed, WrongPhase, guard_text


class ClaimCase(DisputeCommand):
    """Takes the case, or hands it over to `reviewer`."""

    reviewer: PartyId | None = None


def claim(command: ClaimCase, dispute: Dispute) -> list[Event]:
    """A case has one reviewer at a time; the reviewer or support hands it over. One's own again changes nothing."""
    guard(Step.CLAIM, dispute, command.actor, command.at)
    reviewer = command.reviewer or command.actor.id
    guard_handed_over(command, dispute)
    guard_may_decide(dispute, reviewer)
    return [] if dispute.case.reviewer == reviewer else [_claimed(dispute, reviewer, command.at)]


def guard_handed_over(command: ClaimCase, dispute: Dispute) -> None:
    """Who has the case gives it away, or support does, who takes none."""
    if command.reviewer is None and "case_team" not in command.actor.roles:
        raise ValidationFailed.at("/reviewer", "missing", "support hands a case over and takes none")
    hands_over = command.reviewer not in (None, command.actor.id)
    if hands_over and not dispute.case.reviewer and "support" not in command.actor.roles:
        raise WrongPhase("Nobody has the case: claim it first.", state=dispute.state)


def _claimed(dispute: Dispute, reviewer: str, at: datetime) -> CaseClaimed:
    return CaseClaimed(dispute_id=dispute.opened.dispute_id, reviewer=reviewer, claimed_at=at, rules=("G15", "S49"))


class ReleaseCase(DisputeCommand):
    pass


def release(command: ReleaseCase, dispute: Dispute) -> list[Event]:
    """The case is anybody's again."""
    guard(Step.RELEASE, dispute, command.actor, command.at)
    assert dispute.case.reviewer
    return [CaseReleased(dispute_id=command.dispute_id, reviewer=dispute.case.reviewer, rules=("S49",))]


class StartReview(DisputeCommand):
    pass


def start_review(command: StartReview, dispute: Dispute) -> list[Event]:
    """T13: the window for evidence is over, and somebody weighs what there is; a review that began by itself gets its
    reviewer.
    """
    guard(Step.REVIEW, dispute, command.actor, command.at)
    mine = dispute.case.reviewer == command.actor.id
    claimed: list[Event] = [] if mine else [_claimed(dispute, command.actor.id, command.at)]
    if dispute.state == DisputeState.UNDER_REVIEW:
        return claimed
    return [*claimed, *window_closed(dispute, command.at, complete=False, reviewer=command.actor.id)]


def evidence_window_over(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """D3: the review starts by itself, by whoever has claimed the case."""
    return window_closed(dispute, command.at, complete=False)


def window_closed(dispute: Dispute, at: datetime, *, complete: bool, reviewer: str | None = None) -> list[Event]:
    """Nothing more is gathered, and the review begins."""
    dispute_id = dispute.opened.dispute_id
    started = ReviewStarted(
        dispute_id=dispute_id,
        reviewer=reviewer or dispute.case.reviewer,
        review_until=review_due(dispute.terms, at),
        rules=("T13", "S50"),
    )
    return [EvidenceWindowClosed(dispute_id=dispute_id, complete=complete, rules=("T13",)), started]


def review_overdue(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """T16: an alarm, and nothing is decided by it (K17)."""
    return [
        ReviewOverdue(
            dispute_id=dispute.opened.dispute_id,
            due_at=command.due_at,
            review_until=review_due(dispute.terms, command.at),
            rules=("T16", "K17"),
        )
    ]


class AskedQuestion(Message):
    """What the case team wants to know."""

    key: Word
    text: Annotated[str, Text(500)]
    kind: AnswerKind = AnswerKind.TEXT
    mandatory: bool = False


class RequestEvidence(DisputeCommand):
    party: Literal["buyer", "seller"]
    questions: Annotated[tuple[AskedQuestion, ...], Field(min_length=1, max_length=10)]
    days: Annotated[int, Field(ge=1, le=14, strict=True)] | None = None

    @property
    def personal(self) -> Sequence[Personal]:
        asked = {f"question/{question.key}": question.text for question in self.questions}
        return texts_about(self.actor.id, self, **asked)


def request_evidence(command: RequestEvidence, dispute: Dispute) -> list[Event]:
    """T14: the party has the time of D3, or so many days, and its word alone ends the window."""
    guard(Step.REQUEST_EVIDENCE, dispute, command.actor, command.at)
    guard_questions(command.questions)
    terms = dispute.terms
    own = within_days(command.at, command.days, terms.timezone) if command.days else None
    return [
        EvidenceRequested(
            dispute_id=command.dispute_id,
            request_id=derived_id("erq", dispute.opened.order_id, command.command_id),
            party=command.party,
            questions=tuple(_question(command, asked) for asked in command.questions),
            evidence_until=own or evidence_due(terms, command.at),
            requested_at=command.at,
            rules=("T14", "S54"),
        )
    ]


def guard_questions(questions: Sequence[AskedQuestion]) -> None:
    """Each has a key of its own, and words that are allowed (S31)."""
    keys = [question.key for question in questions]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise ValidationFailed.at(f"/questions/{i}/key", "repeated", "asked twice", "T14")
    guard_text(**{f"questions/{i}/text": question.text for i, question in enumerate(questions)})


def _question(command: RequestEvidence, asked: AskedQuestion) -> Question:
    ref = text_ref(command, f"question/{asked.key}")
    return Question(key=asked.key, text_ref=ref, kind=asked.kind, mandatory=asked.mandatory)
