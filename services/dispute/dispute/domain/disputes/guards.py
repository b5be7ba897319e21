"""Guards of steps that no state alone decides, each named by a row of the table of transitions."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.disputes.state import Dispute
from dispute.domain.rejections import MaxRounds
from shared.events.base import Actor


def guard_rounds_left(dispute: Dispute, _: Actor, __: datetime) -> None:
    """G10: the negotiation has rounds left."""
    if dispute.round >= dispute.terms.max_rounds:
        raise MaxRounds("The negotiation has had its rounds.", max_rounds=dispute.terms.max_rounds)
