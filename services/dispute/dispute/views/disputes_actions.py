"""Actions of a dispute: what can be done to it, and to whom each is offered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.disputes.cancellation import guard_cancellation
from dispute.domain.disputes.negotiation import guard_acceptance, guard_modification, guard_response
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.visibility import BUYER, SELLER
from shared.actions import Action
from shared.events.base import Actor


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute and by whom, each with the guard of its command."""
    path = f"/v1/disputes/{dispute.opened.dispute_id}"
    respond_by, answer_by = dispute.respond_by, dispute.buyer_acts_until

    def respond() -> None:
        guard_response(dispute, actor, now)

    return (
        Action("respond", f"{path}/response", (SELLER,), respond, respond_by, mandatory=True),
        Action("accept", f"{path}/acceptance", (BUYER,), lambda: guard_acceptance(dispute, actor, now), answer_by),
        Action("modify", f"{path}/modification", (BUYER,), lambda: guard_modification(dispute, actor, now), answer_by),
        Action("cancel", f"{path}/cancellation", (BUYER,), lambda: guard_cancellation(dispute, actor)),
    )
