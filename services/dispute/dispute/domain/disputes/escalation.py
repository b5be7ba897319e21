"""Escalation: the system hands a dispute to the case team."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.deadlines import evidence_due
from dispute.domain.disputes.state import Dispute
from shared.events.base import Event
from shared.events.dispute import Escalated, EscalationReason, NegotiationTimedOut

_RULES = {
    EscalationReason.BUYER_TIMEOUT: ("K17", "T8"),
    EscalationReason.NEGOTIATION_TIMEOUT: ("K16", "T10"),
    EscalationReason.RETURN_CONDITION: ("S82", "T27"),
    EscalationReason.RETURN_IMPOSSIBLE: ("T22a",),
}


def escalated(dispute: Dispute, reason: EscalationReason, at: datetime) -> Escalated:
    """The case team takes over; evidence is gathered for some days (D3)."""
    return Escalated(
        dispute_id=dispute.opened.dispute_id,
        by="system",
        reason=reason,
        evidence_until=evidence_due(dispute.terms, at),
        rules=(*_RULES[reason], "S49"),
    )


def negotiation_over(dispute: Dispute, due_at: datetime, at: datetime) -> list[Event]:
    """The negotiation had its time without an agreement (K16)."""
    timed_out = NegotiationTimedOut(dispute_id=dispute.opened.dispute_id, due_at=due_at, rules=("K16",))
    return [timed_out, escalated(dispute, EscalationReason.NEGOTIATION_TIMEOUT, at)]
