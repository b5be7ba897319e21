"""Returns, read by the audit itself: where the goods are, and until when whoever has them may act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ops.audit.entry import Entry, instant

WAITS: Mapping[str, tuple[str, str]] = {
    "ReturnAuthorized": ("return_shipment", "ship_by"),
    "ReturnShipped": ("return_transit", "transit_alarm_at"),
    "ReturnTransitOverdue": ("return_transit", "transit_alarm_at"),
    "ReturnReceived": ("return_inspection", "inspect_by"),
}
"""By event: what the return waits for from then on, and the member that says until when."""
ENDS = frozenset(
    "ReturnDenied ReturnLabelVoided ReturnLapsed ReturnLost ReturnInspected InspectionTimedOut".split()  # noqa: SIM905
)
"""The events after which nothing is waited for."""


def waited(now: Mapping[str, datetime], entry: Entry) -> Mapping[str, datetime]:
    """What a return waits for after one more event: one thing at a time."""
    if entry.name in ENDS:
        return {}
    if entry.name == "DeadlineMoved":
        return {**now, entry.data["kind"]: _at(entry, "due_at")} if entry.data["kind"] in now else now
    kind, member = WAITS.get(entry.name, ("", ""))
    return {kind: _at(entry, member)} if kind else now


def _at(entry: Entry, member: str) -> datetime:
    found = instant(entry.data[member])
    assert found
    return found
