"""Case: what the case team has of a dispute, from the escalation to the end of the appeal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.asked_back.clawbacks import OF_CLAWBACKS, Clawbacks
from shared.decider import changed
from shared.events import dispute, mediation
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation import proposals
from shared.events.money import Money

PARTIES = frozenset({"buyer", "seller"})
"""Whose word is waited for, unless one of them alone is asked."""

BY_THE_TEAM = frozenset(
    {dispute.ReachedType.ARBITRATED, dispute.ReachedType.APPEAL, dispute.ReachedType.SUPPORT_OVERRIDE}
)
"""Solutions that are the platform's; every other is an agreement (S57)."""

Ruled = mediation.DecisionIssued | mediation.AppealDecided | proposals.SupportOverrideApplied
Decision = Ruled | dispute.SolutionReached
"""What decided a dispute: the case team, an appeal, support, or the parties themselves."""
Proposal = proposals.ProposalMade | proposals.SupportOverrideProposed
"""What waits for a second person."""


def ruling_in(event: Ruled) -> mediation.Ruling:
    """What a decision of the platform's says."""
    assert event.ruling
    return event.ruling


DATES: Mapping[str, str] = {
    DeadlineKind.REVIEW: "review_until",
    DeadlineKind.APPEAL: "appeal_until",
    DeadlineKind.APPEAL_REVIEW: "appeal_review_until",
    DeadlineKind.SURVEY: "survey_until",
}
"""By deadline: where its instant is kept."""


@dataclass(frozen=True)
class Case:
    """`asked` are the parties whose word ends the gathering, `complete` those who gave it; `decisions` and `clawbacks`
    are all there were, each decision by the version of its event. `appeals` are those against the last decision;
    `proposal` waits for a second person. `owed` are the keys under which each party has still to answer (T14).
    """

    reviewer: str | None = None
    since: datetime | None = None
    asked: frozenset[str] = PARTIES
    complete: frozenset[str] = frozenset()
    statements: Mapping[str, mediation.StatementSubmitted] = field(default_factory=dict)
    requests: tuple[mediation.EvidenceRequested, ...] = ()
    owed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decisions: Mapping[int, Decision] = field(default_factory=dict)
    appeals: tuple[mediation.Appealed, ...] = ()
    clawbacks: Clawbacks = Clawbacks()
    review_until: datetime | None = None
    appeal_until: datetime | None = None
    appeal_review_until: datetime | None = None
    survey_until: datetime | None = None
    survey: mediation.SurveySubmitted | None = None
    survey_over: bool = False
    proposal: Proposal | None = None

    @property
    def ruled(self) -> Ruled | None:
        """The platform's last word."""
        if not self.decisions:
            return None
        last = self.decisions[max(self.decisions)]
        return None if isinstance(last, dispute.SolutionReached) else last

    @property
    def asked_back(self) -> mediation.ClawbackRequested | None:
        """What is asked back of the buyer."""
        return self.asked_of("buyer")

    def asked_of(self, party: str) -> mediation.ClawbackRequested | None:
        """What is asked back of a party and waits: there is one at most."""
        return self.clawbacks.standing(party) if self.clawbacks.requested else None

    def decided_or(self, request: dispute.Solution) -> tuple[dispute.SolutionType, Money]:
        """What goes back and how much by what was decided or agreed last, or else was asked for."""
        kind, amount = request.type, request.amount
        for event in self.decisions.values():
            decided, amount = _decided_on(event)
            kind = decided or kind
        return kind, amount

    @property
    def reached(self) -> dispute.ReachedType | None:
        """How the platform's last word came about: what an appeal leaves as it is was arbitrated."""
        match self.ruled:
            case None:
                return None
            case proposals.SupportOverrideApplied():
                return dispute.ReachedType.SUPPORT_OVERRIDE
            case mediation.AppealDecided(decision=decision) if decision != mediation.AppealOutcome.UPHELD:
                return dispute.ReachedType.APPEAL
            case _:
                return dispute.ReachedType.ARBITRATED

    @property
    def by_support(self) -> bool:
        """Support has decided, and not the case team: nobody can appeal that (S55)."""
        return isinstance(self.ruled, proposals.SupportOverrideApplied)

    @property
    def grounds(self) -> tuple[str, ...]:
        """The rules of what was decided or agreed last."""
        return self.decisions[max(self.decisions)].rules if self.decisions else ()

    @property
    def asked_by_team(self) -> frozenset[str]:
        """The parties that the case team has asked and not heard yet (T14)."""
        return self.waits_for if self.requests else frozenset()

    @property
    def appealed_by(self) -> frozenset[str]:
        return frozenset(appeal.by for appeal in self.appeals)

    @property
    def waits_for(self) -> frozenset[str]:
        """The parties whose word is missing."""
        return self.asked - self.complete

    def due(self, kind: str) -> datetime | None:
        """The instant of one of the case's deadlines."""
        over = kind == DeadlineKind.SURVEY and (self.survey or self.survey_over)
        date: datetime | None = getattr(self, DATES[kind])
        return None if over else date

    def decided(self, event: Decision, version: int) -> Case:
        """With a decision more."""
        return changed(self, decisions={**self.decisions, version: event})


def _decided_on(event: Decision) -> tuple[dispute.SolutionType | None, Money]:
    if isinstance(event, dispute.SolutionReached):
        return event.solution.type, event.solution.amount
    ruling = ruling_in(event)
    return ruling.type, ruling.amount


def after(case: Case, event: Event, version: int, moved: bool) -> Case:
    """The case once this has happened too; what was proposed ends where the dispute has `moved` to another state, or
    more money is asked for.
    """
    move = _MOVES.get(type(event))
    since = move(case, event, version) if move else case
    ends = since.proposal and (moved or isinstance(event, dispute.RefundDue))
    return changed(since, proposal=None) if ends else since


def _begun(case: Case, _: dispute.Escalated | dispute.CancellationNoted, __: int) -> Case:
    return Case(decisions=case.decisions, clawbacks=case.clawbacks)


def _put_off(case: Case, event: DeadlineMoved, _: int) -> Case:
    return changed(case, **{DATES[event.kind]: event.due_at}) if event.kind in DATES else case


def _issued(case: Case, event: mediation.DecisionIssued, version: int) -> Case:
    decided = changed(case.decided(event, version), reviewer=None, since=None, appeals=())
    return changed(decided, appeal_until=event.appeal_until, survey_until=event.survey_until)


def _appealed(case: Case, event: mediation.Appealed, _: int) -> Case:
    review_until = event.review_until or case.appeal_review_until
    return changed(case, appeals=(*case.appeals, event), appeal_review_until=review_until)


def _appeal_decided(case: Case, event: mediation.AppealDecided, version: int) -> Case:
    decided = changed(case.decided(event, version), reviewer=None, since=None)
    return changed(decided, survey_until=event.survey_until, survey_over=False)


def _overridden(case: Case, event: proposals.SupportOverrideApplied, version: int) -> Case:
    decided = case.decided(event, version) if event.ruling else case
    return changed(decided, reviewer=None, since=None, proposal=None)


def _asked(case: Case, event: mediation.EvidenceRequested, _: int) -> Case:
    party, mandatory = frozenset({event.party}), (question.key for question in event.questions if question.mandatory)
    owed = {**case.owed, event.party: tuple(dict.fromkeys((*case.owed.get(event.party, ()), *mandatory)))}
    return changed(case, asked=party, complete=case.complete - party, requests=(*case.requests, event), owed=owed)


def _said(case: Case, event: mediation.StatementSubmitted, _: int) -> Case:
    """A question that is asked later is not answered by what was said before, under whatever key (T14)."""
    answered = {answer.key for answer in event.answers}
    owed = {**case.owed, event.by: tuple(key for key in case.owed.get(event.by, ()) if key not in answered)}
    return changed(case, statements={**case.statements, event.by: _whole(case, event)}, owed=owed)


def _agreed(case: Case, event: dispute.SolutionReached, version: int) -> Case:
    """An agreement decides by itself; the case team's solution is part of its decision."""
    return case if event.reached_type in BY_THE_TEAM else case.decided(event, version)


def _asked_back(case: Case, event: Event, _: int) -> Case:
    return changed(case, clawbacks=case.clawbacks.after(event))


def _whole(case: Case, event: mediation.StatementSubmitted) -> mediation.StatementSubmitted:
    """All that the party has said so far; a later answer replaces the one under the same key."""
    said = case.statements.get(event.by)
    if said is None:
        return event
    evidence = tuple(dict.fromkeys((*said.evidence, *event.evidence)))
    answers = {answer.key: answer for answer in (*said.answers, *event.answers)}
    return event.model_copy(update={"answers": tuple(answers.values()), "evidence": evidence})


_MOVES: Mapping[type[Event], Callable[[Case, Any, int], Case]] = {
    dispute.Escalated: _begun,
    dispute.CancellationNoted: _begun,
    dispute.SolutionReached: _agreed,
    DeadlineMoved: _put_off,
    mediation.CaseClaimed: lambda case, event, _: changed(case, reviewer=event.reviewer, since=event.claimed_at),
    mediation.CaseReleased: lambda case, _, __: changed(case, reviewer=None, since=None),
    mediation.StatementSubmitted: _said,
    mediation.EvidenceCompleted: lambda case, event, _: changed(case, complete=case.complete | {event.by}),
    mediation.EvidenceRequested: _asked,
    mediation.ReviewStarted: lambda case, event, _: changed(case, review_until=event.review_until),
    mediation.ReviewOverdue: lambda case, event, _: changed(case, review_until=event.review_until),
    mediation.DecisionIssued: _issued,
    mediation.Appealed: _appealed,
    mediation.AppealReviewOverdue: lambda case, event, _: changed(case, appeal_review_until=event.review_until),
    mediation.AppealWindowClosed: lambda case, _, __: changed(case, appeal_until=None),
    mediation.AppealDecided: _appeal_decided,
    **dict.fromkeys(OF_CLAWBACKS, _asked_back),
    mediation.SurveySubmitted: lambda case, event, _: changed(case, survey=event),
    mediation.SurveyWindowClosed: lambda case, _, __: changed(case, survey_over=True),
    proposals.ProposalMade: lambda case, event, _: changed(case, proposal=event),
    proposals.ProposalAgreed: lambda case, _, __: changed(case, proposal=None),
    proposals.ProposalDeclined: lambda case, _, __: changed(case, proposal=None),
    proposals.SupportOverrideProposed: lambda case, event, _: changed(case, proposal=event),
    proposals.SupportOverrideApplied: _overridden,
}
"""By event: what it changes of the case, given the version that the event has."""
