"""What a mediation changes in a dispute's row: the state, until when somebody is to act, and who has the case."""

from __future__ import annotations

from typing import Any

from dispute.domain.disputes.case import BY_THE_TEAM
from dispute.domain.disputes.state import DisputeState
from shared.events import mediation
from shared.events.base import Event
from shared.events.dispute import SolutionReached

NOBODYS: dict[str, Any] = {"reviewer": None, "reviewed_since": None}
"""Of a case that nobody has."""


def mediated(event: Event) -> dict[str, Any]:
    """The columns that change, none for any other event."""
    match event:
        case mediation.CaseClaimed():
            return {"reviewer": event.reviewer, "reviewed_since": event.claimed_at}
        case mediation.CaseReleased():
            return NOBODYS
        case mediation.EvidenceRequested():
            return {"state": DisputeState.ESCALATED, "next_due_at": event.evidence_until}
        case mediation.ReviewStarted() | mediation.ReviewOverdue():
            return {"state": DisputeState.UNDER_REVIEW, "next_due_at": event.review_until}
        case _:
            return _after_review(event)


def _after_review(event: Event) -> dict[str, Any]:
    match event:
        case mediation.DecisionIssued():
            return {"next_due_at": event.appeal_until, **_decided(event.ruling)}
        case mediation.Appealed(review_until=until) if until:
            return {"state": DisputeState.APPEAL_REVIEW, "next_due_at": until}
        case mediation.AppealReviewOverdue():
            return {"next_due_at": event.review_until}
        case mediation.AppealDecided():
            return {"next_due_at": None, **_decided(event.ruling)}
        case _:
            return {}


def _decided(ruling: mediation.Ruling) -> dict[str, Any]:
    """The case is nobody's, and the amount is what was ruled."""
    kind = {"solution_type": ruling.type} if ruling.type else {}
    return {"state": DisputeState.DECIDED, "amount": ruling.amount.minor, **kind, **NOBODYS}


def agreed(event: SolutionReached) -> dict[str, Any]:
    """An agreement ends the dispute's waiting; the case team's solution is part of its decision."""
    decided = event.reached_type in BY_THE_TEAM
    return {} if decided else {"state": DisputeState.AGREED, "next_due_at": None}
