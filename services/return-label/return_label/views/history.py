"""History of a return: one entry an event, who did what when and on which rules (S81)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.events import return_label as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.events.inspection import ReturnPiecesInspected
from shared.rejections import snake_case
from shared.rules.links import rule_links
from shared.views import HistoryEntry

DETAILS: Mapping[type[Event], tuple[str, ...]] = {
    events.ReturnRequested: ("kind", "reason", "lines", "freight_payer", "respond_by"),
    events.ReturnDenied: ("reason", "dispute_until"),
    events.ReturnDisputed: ("dispute_id",),
    events.ReturnDenialFinal: ("due_at",),
    events.ReturnAuthorized: ("ship_by", "instructions"),
    events.ReturnLabelOrdered: ("label_id", "carrier"),
    events.ReturnLabelIssued: ("label_id", "prepaid", "payer"),
    events.ReturnLabelDenied: ("code", "resets_at"),
    events.ReturnLabelGivenBack: ("label_id",),
    events.ReturnLabelVoided: ("label_id",),
    events.ReturnLabelCancellationOrdered: ("label_id", "carrier"),
    events.ReturnLabelCancelled: ("label_id", "tracking_number"),
    events.ReturnLabelNotCancelled: ("label_id", "code"),
    events.ReturnShipped: ("tracking_number", "carrier", "shipped_at", "transit_alarm_at"),
    events.ReturnTrackingCorrected: ("replaced", "tracking_number", "carrier", "corrected_at"),
    events.ReturnLapsed: ("due_at",),
    events.ReturnTransitOverdue: ("due_at", "transit_alarm_at"),
    events.ReturnLost: ("prepaid", "lost_at"),
    events.ReturnReceived: ("received_at", "inspect_by"),
    ReturnPiecesInspected: ("lines", "evidence"),
    events.ReturnInspected: ("result", "fault", "pieces", "evidence"),
    events.InspectionTimedOut: ("due_at",),
    events.ReturnHeld: ("held_at",),
    events.ReturnHoldEnded: ("ended_at",),
    DeadlineMoved: ("kind", "previous_due_at", "due_at"),
}
"""What the entry of each event shows beside its instant and its rules; what is not listed is hidden."""


def history_entry(recorded: Recorded[Event]) -> HistoryEntry:
    """The event's entry: its name in snake case is the action; who acted is told by role."""
    event, metadata = recorded.event, recorded.metadata
    rules: tuple[str, ...] = getattr(event, "rules", ())
    return {
        "version": recorded.version,
        "at": metadata.at,
        "actor": metadata.actor.partition(":")[0],
        "action": snake_case(type(event).__name__),
        "rules": rules,
        "rule_links": rule_links(rules),
        "detail": _detail(event),
    }


def _detail(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", include=set(DETAILS.get(type(event), ())), exclude_none=True)
