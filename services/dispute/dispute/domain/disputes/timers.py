"""Timers of a dispute: which deadlines its events start and end (D1–D8, D13)."""

from __future__ import annotations

from collections.abc import Iterable

from dispute.domain.deadlines import DeadlineKind
from shared.decider import Clear, Start
from shared.events import dispute as events
from shared.events import mediation
from shared.events.base import Event
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.outside.chargeback import ExternalChargebackOpened

UNTIL_SETTLED = (
    DeadlineKind.SELLER_RESPONSE,
    DeadlineKind.BUYER_RESPONSE,
    DeadlineKind.NEGOTIATION,
    DeadlineKind.EVIDENCE,
    DeadlineKind.REVIEW,
)
"""What an agreement ends."""
AFTER_DECISION = (DeadlineKind.APPEAL, DeadlineKind.APPEAL_REVIEW)
"""What the closing ends too; the survey outlives it (S56)."""
PAUSED = (*UNTIL_SETTLED, *AFTER_DECISION)
"""What stands still while a bank decides (T34)."""
KINDS = (*UNTIL_SETTLED, *AFTER_DECISION, DeadlineKind.SURVEY, DeadlineKind.REPLACEMENT)
"""Of a dispute's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """What each event starts and ends."""
    match event:
        case events.DisputeOpened():
            return (Start(DeadlineKind.SELLER_RESPONSE, event.respond_by),)
        case events.SellerResponded():
            return _after_response(event)
        case events.RequestModified():
            return (
                Clear(DeadlineKind.BUYER_RESPONSE),
                Clear(DeadlineKind.NEGOTIATION),
                Start(DeadlineKind.SELLER_RESPONSE, event.respond_by),
            )
        case events.Escalated():
            return (*map(Clear, KINDS), Start(DeadlineKind.EVIDENCE, event.evidence_until))
        case events.SolutionReached():
            return _after_solution(event)
        case events.DisputeClosed():
            return map(Clear, (*UNTIL_SETTLED, *AFTER_DECISION, DeadlineKind.REPLACEMENT))
        case events.CancellationNoted():
            return map(Clear, KINDS)
        case _:
            return _otherwise(event)


def _after_solution(event: events.SolutionReached) -> Iterable[Start | Clear]:
    yield from map(Clear, UNTIL_SETTLED)
    if event.replacement_until:
        yield Start(DeadlineKind.REPLACEMENT, event.replacement_until)


def _after_response(event: events.SellerResponded) -> Iterable[Start | Clear]:
    yield Clear(DeadlineKind.SELLER_RESPONSE)
    if event.answer_by:
        yield Start(DeadlineKind.BUYER_RESPONSE, event.answer_by)
    if event.negotiate_until:
        yield Start(DeadlineKind.NEGOTIATION, event.negotiate_until)


def _otherwise(event: Event) -> Iterable[Start | Clear]:  # noqa: C901 - one arm an event
    match event:
        case mediation.EvidenceRequested():
            return (Clear(DeadlineKind.REVIEW), Start(DeadlineKind.EVIDENCE, event.evidence_until))
        case mediation.EvidenceWindowClosed():
            return (Clear(DeadlineKind.EVIDENCE),)
        case mediation.ReviewStarted() | mediation.ReviewOverdue():
            return (Start(DeadlineKind.REVIEW, event.review_until),)
        case mediation.DecisionIssued():
            return (
                *map(Clear, UNTIL_SETTLED),
                Start(DeadlineKind.APPEAL, event.appeal_until),
                Start(DeadlineKind.SURVEY, event.survey_until),
            )
        case mediation.Appealed(review_until=until) if until:
            return (Start(DeadlineKind.APPEAL_REVIEW, until),)
        case mediation.AppealReviewOverdue():
            return (Start(DeadlineKind.APPEAL_REVIEW, event.review_until),)
        case mediation.AppealWindowClosed():
            return (Clear(DeadlineKind.APPEAL),)
        case mediation.AppealDecided():
            return (Clear(DeadlineKind.APPEAL_REVIEW), Start(DeadlineKind.SURVEY, event.survey_until))
        case SupportOverrideApplied():
            return map(Clear, (*UNTIL_SETTLED, *AFTER_DECISION))
        case events.ReplacementReceived() | events.ReplacementNotDue():
            return (Clear(DeadlineKind.REPLACEMENT),)
        case ExternalChargebackOpened():
            return map(Clear, PAUSED)
        case mediation.SurveySubmitted() | mediation.SurveyWindowClosed():
            return (Clear(DeadlineKind.SURVEY),)
        case _:
            return ()
