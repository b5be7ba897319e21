"""Actions of a dispute: what can be done to it, and to whom each is offered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.disputes.cancellation import guard_cancellation
from dispute.domain.disputes.evidence import guard_addition
from dispute.domain.disputes.negotiation import guard_acceptance, guard_modification, guard_response
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.visibility import BUYER, SELLER
from dispute.domain.evidence.limits import guard_number, most_bytes
from shared.actions import Action, UploadLimits
from shared.events.base import Actor


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute and by whom, each with the guard of its command."""
    path = f"/v1/disputes/{dispute.opened.dispute_id}"
    respond_by, answer_by = dispute.respond_by, dispute.buyer_acts_until

    def respond() -> None:
        guard_response(dispute, actor, now)

    def add() -> None:
        by = guard_addition(dispute, actor, now)
        guard_number(dispute.terms, len(dispute.evidence.standing(by)))

    return (
        Action("respond", f"{path}/response", (SELLER,), respond, respond_by, mandatory=True),
        Action("accept", f"{path}/acceptance", (BUYER,), lambda: guard_acceptance(dispute, actor, now), answer_by),
        Action("modify", f"{path}/modification", (BUYER,), lambda: guard_modification(dispute, actor, now), answer_by),
        Action("add-evidence", f"{path}/evidence", (BUYER, SELLER), add, limits=_limits(dispute, actor)),
        Action("cancel", f"{path}/cancellation", (BUYER,), lambda: guard_cancellation(dispute, actor)),
    )


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
