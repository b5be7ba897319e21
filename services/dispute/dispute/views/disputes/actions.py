"""Actions of a dispute: what the table of transitions offers, each at its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.evidence import guard_addition
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import Step, guard, is_mandatory, roles_of, until
from dispute.domain.disputes.visibility import BUYER, SELLER
from dispute.domain.evidence.limits import guard_number, most_bytes
from shared.actions import Action, UploadLimits
from shared.events.base import Actor

PATHS: Mapping[Step, str] = {
    Step.RESPOND: "/v1/disputes/{}/response",
    Step.ACCEPT: "/v1/disputes/{}/acceptance",
    Step.MODIFY: "/v1/disputes/{}/modification",
    Step.CANCEL: "/v1/disputes/{}/cancellation",
    Step.ESCALATE: "/v1/disputes/{}/escalation",
    Step.STATEMENT: "/v1/disputes/{}/statement",
    Step.CLAIM: "/v1/disputes/{}/claim",
    Step.RELEASE: "/v1/disputes/{}/release",
    Step.REVIEW: "/v1/disputes/{}/review",
    Step.REQUEST_EVIDENCE: "/v1/disputes/{}/evidence-request",
    Step.DECIDE: "/v1/disputes/{}/decision",
    Step.AGREE_DECISION: "/v1/disputes/{}/decision",
    Step.APPEAL: "/v1/disputes/{}/appeal",
    Step.DECIDE_APPEAL: "/v1/disputes/{}/appeal-decision",
    Step.AGREE_APPEAL_DECISION: "/v1/disputes/{}/appeal-decision",
    Step.SURVEY: "/v1/disputes/{}/survey",
    Step.OVERRIDE: "/v1/disputes/{}/override",
    Step.AGREE_OVERRIDE: "/v1/disputes/{}/override",
    Step.SHIP_REPLACEMENT: "/v1/disputes/{}/replacement-shipment",
    Step.MESSAGE: "/v1/disputes/{}/messages",
    Step.RECEIVE_REPLACEMENT: "/v1/disputes/{}/replacement-receipt",
}
"""By step: the address of its command."""


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute and by whom, each with the guard of its command."""
    held = dispute.parties.roles_of(actor)
    return [
        Action(
            step,
            path.format(dispute.opened.dispute_id),
            roles_of(step),
            partial(guard, step, dispute, actor, now),
            until(step, dispute),
            is_mandatory(step, dispute),
        )
        for step, path in PATHS.items()
        if not held.isdisjoint(roles_of(step))
    ] + [_addition(dispute, actor, now)]


def _addition(dispute: Dispute, actor: Actor, now: datetime) -> Action:
    """T11: a file more, as long as there is room for it."""
    path = f"/v1/disputes/{dispute.opened.dispute_id}"

    def add() -> None:
        by = guard_addition(dispute, actor, now)
        guard_number(dispute.terms, len(dispute.evidence.standing(by)))

    until = dispute.due(DeadlineKind.EVIDENCE)
    return Action("add-evidence", f"{path}/evidence", (BUYER, SELLER), add, until, limits=_limits(dispute, actor))


def _limits(dispute: Dispute, actor: Actor) -> UploadLimits:
    """What the actor may still add, by kind of file."""
    terms, roles = dispute.terms, dispute.parties.roles_of(actor)
    taken = most_bytes(terms, dispute.state == DisputeState.ESCALATED)
    there = len(dispute.evidence.standing(BUYER if BUYER in roles else SELLER))
    return {
        "types": sorted(taken),
        "max_bytes": terms.evidence_max_bytes - 1,
        "video_max_bytes": terms.evidence_video_max_bytes - 1,
        "left": max(0, terms.evidence_max_items - there),
    }
