"""Escalation: a party, or the system, hands a dispute to the case team (T9, K16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from dispute.domain.commands import DisputeCommand, text_ref, texts_about
from dispute.domain.deadlines import evidence_due
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from shared.events.base import Event, Personal
from shared.events.calendar import from_day
from shared.events.dispute import Escalated, EscalationReason, NegotiationTimedOut
from shared.events.fields import Text
from shared.rejections import guard_text

_RULES = {
    EscalationReason.BUYER_TIMEOUT: ("K17", "T8"),
    EscalationReason.NEGOTIATION_TIMEOUT: ("K16", "T10"),
    EscalationReason.RETURN_CONDITION: ("S82", "T27"),
    EscalationReason.RETURN_IMPOSSIBLE: ("T22a",),
    EscalationReason.RETURN_LOST: ("T25a",),
    EscalationReason.REQUESTED: ("K16", "T9"),
    EscalationReason.REPLACEMENT_OVERDUE: ("T40", "D13"),
    EscalationReason.SUPPORT_OVERRIDE: ("S20", "T37"),
}


class EscalateDispute(DisputeCommand):
    reason: Annotated[str, Text(2000)] | None = None

    @property
    def reason_ref(self) -> str | None:
        return text_ref(self, "reason") if self.reason else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, reason=self.reason)


def escalate(command: EscalateDispute, dispute: Dispute) -> list[Event]:
    """Either party hands it over, once the seller has answered (G11)."""
    guard(Step.ESCALATE, dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    by = dispute.parties.side_of(command.actor)
    return [escalated(dispute, EscalationReason.REQUESTED, command.at, by, command.reason_ref)]


def escalation_from(dispute: Dispute, at: datetime) -> datetime:
    """G11: from when on either party may escalate; the first answer says so."""
    return dispute.escalation_from or from_day(at, dispute.terms.escalation_after_days, dispute.terms.timezone)


def escalated(
    dispute: Dispute, reason: EscalationReason, at: datetime, by: str = "system", reason_ref: str | None = None
) -> Escalated:
    """The case team takes over; evidence is gathered for some days (D3)."""
    return Escalated(
        dispute_id=dispute.opened.dispute_id,
        by=by,
        reason=reason,
        reason_ref=reason_ref,
        evidence_until=evidence_due(dispute.terms, at),
        rules=(*_RULES[reason], "S49"),
    )


def negotiation_over(dispute: Dispute, due_at: datetime, at: datetime) -> list[Event]:
    """The negotiation had its time without an agreement (K16)."""
    timed_out = NegotiationTimedOut(dispute_id=dispute.opened.dispute_id, due_at=due_at, rules=("K16",))
    return [timed_out, escalated(dispute, EscalationReason.NEGOTIATION_TIMEOUT, at)]
