"""What a mediation changes in a dispute's row: the state, until when somebody is to act, and who has the case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dispute.domain.disputes.case import BY_THE_TEAM, Ruled, ruling_in
from dispute.domain.disputes.ending import reason_of
from dispute.domain.disputes.progress import FULFILLED, Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.read_models import tables
from shared.events import mediation
from shared.events.base import Event
from shared.events.dispute import (
    DisputeClosed,
    ReachedType,
    ReplacementNotDue,
    ReplacementReceived,
    ReplacementShipped,
    SolutionReached,
)
from shared.events.envelope import Recorded
from shared.events.mediation import proposals
from shared.subscriptions.changes import Change, Computed, change

NOBODYS: dict[str, Any] = {"reviewer": None, "reviewed_since": None}
"""Of a case that nobody has."""
NO_RESULT: dict[str, Any] = {
    "result_amount": None,
    "result_reason": None,
    "reached_type": None,
    "result_at": None,
}
"""Of a dispute that begins anew; the rules of what was agreed before stay its grounds."""
NOBODY_ASKED: dict[str, Any] = {"asked": []}
"""Of a case that begins anew."""
NO_CASE: dict[str, Any] = {**NOBODYS, **NOBODY_ASKED, **NO_RESULT}
"""Of a dispute whose case is over without a decision."""
NOTHING_SENT: dict[str, Any] = {"replacement_sent": False}
"""Of a solution that begins anew: the seller has told of no parcel (T40)."""
ANEW: dict[str, Any] = {**NO_CASE, **NOTHING_SENT}
"""Of a dispute that the case team gets."""


def mediated(event: Event) -> dict[str, Any]:
    """The columns that change, none for any other event."""
    if outcome := FULFILLED.get(type(event)):
        return {"fulfilment": outcome, **(NOTHING_SENT if isinstance(event, ReplacementNotDue) else {})}
    match event:
        case mediation.CaseClaimed():
            return {"reviewer": event.reviewer, "reviewed_since": event.claimed_at}
        case mediation.CaseReleased():
            return NOBODYS
        case mediation.EvidenceRequested():
            asked = {"state": DisputeState.ESCALATED, "asked": [event.party]}
            return {**asked, "next_due_at": event.evidence_until}
        case mediation.ReviewStarted():
            return {"state": DisputeState.UNDER_REVIEW, "next_due_at": event.review_until}
        case proposals.ProposalMade() | proposals.SupportOverrideProposed():
            return {"proposed_until": event.expires_at}
        case proposals.ProposalAgreed() | proposals.ProposalDeclined():
            return {"proposed_until": None}
        case _:
            return _after_review(event)


def _after_review(event: Event) -> dict[str, Any]:
    match event:
        case ReplacementShipped():
            return {"replacement_sent": True}
        case mediation.DecisionIssued():
            return {"next_due_at": event.appeal_until, **_decided(event, ReachedType.ARBITRATED)}
        case mediation.Appealed(review_until=until) if until:
            return {"state": DisputeState.APPEAL_REVIEW, "next_due_at": until}
        case mediation.ReviewOverdue() | mediation.AppealReviewOverdue():
            return {"next_due_at": event.review_until}
        case mediation.AppealDecided():
            upheld = event.decision == mediation.AppealOutcome.UPHELD
            reached = ReachedType.ARBITRATED if upheld else ReachedType.APPEAL
            return {"next_due_at": None, **_decided(event, reached)}
        case proposals.SupportOverrideApplied():
            decided = {"next_due_at": None, **_decided(event, ReachedType.SUPPORT_OVERRIDE)} if event.ruling else {}
            return {"proposed_until": None, **decided, **NOBODYS}
        case _:
            return {}


def _decided(event: Ruled, reached: ReachedType) -> dict[str, Any]:
    """The case is nobody's, the amount is what was ruled, and that is the result (S52)."""
    ruling = ruling_in(event)
    result = {
        "result_amount": ruling.amount.minor,
        "result_reason": reason_of(ruling),
        "reached_type": reached,
        "result_rules": list(event.rules),
        "result_at": event.decided_at,
    }
    kind = {"solution_type": ruling.type} if ruling.type else {}
    return {"state": DisputeState.DECIDED, "amount": ruling.amount.minor, **kind, **result, **NOBODYS}


def agreed(event: SolutionReached) -> dict[str, Any]:
    """An agreement ends the dispute's waiting but for what is sent again; the case team's solution is part of its
    decision.
    """
    until = event.replacement_until
    pending = {**NOTHING_SENT, **({"fulfilment": Fulfilment.REPLACEMENT_PENDING} if until else {})}
    decided = event.reached_type in BY_THE_TEAM
    if decided:
        return pending
    return {
        "state": DisputeState.AGREED,
        "next_due_at": until,
        **pending,
        **NO_RESULT,
        "result_rules": list(event.rules),
    }


def came_to(event: DisputeClosed) -> dict[str, Any]:
    """The end is the result (S52)."""
    rules = {} if event.reached_type else {"result_rules": list(event.rules)}
    return {
        "result_amount": event.amount.minor,
        "result_reason": event.reason,
        "reached_type": event.reached_type,
        "result_at": event.closed_at,
        **rules,
    }


def follow(recorded: Recorded[Event]) -> Iterator[Change]:
    """What changes with what the row holds: a party that was asked has said all (T42); nobody can appeal any more,
    while an appeal under review goes on; what was agreed to be sent has come.
    """
    dispute_id = recorded.stream.removeprefix("dispute-")
    match recorded.event:
        case mediation.EvidenceCompleted(by=by):
            yield change(tables.disputes, dispute_id, by=_heard(by))
        case mediation.AppealWindowClosed():
            yield change(tables.disputes, dispute_id, by=_not_due_while(DisputeState.DECIDED))
        case ReplacementReceived():
            yield change(tables.disputes, dispute_id, by=_not_due_while(DisputeState.AGREED))


def ground(recorded: Recorded[Event], event: DisputeClosed) -> Iterator[Change]:
    """The rules of the end follow those of what was decided or agreed, where it came to that."""
    if event.reached_type:
        dispute_id = recorded.stream.removeprefix("dispute-")
        rules = list(event.rules)
        yield change(
            tables.disputes, dispute_id, by=lambda row: {"result_rules": [*(row["result_rules"] or ()), *rules]}
        )


def _heard(party: str) -> Computed:
    return lambda row: {"asked": [each for each in row["asked"] if each != party]}


def _not_due_while(state: DisputeState) -> Computed:
    return lambda row: {"next_due_at": None} if row["state"] == state else {}
