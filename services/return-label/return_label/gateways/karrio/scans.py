"""Scans as Karrio reads them of a carrier's answer, in the vocabulary of all carriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.port import Scan
from shared.events.ids import derived_id

LOST = "carrier_parcel_lost"
KINDS: Mapping[str, ScanKind] = {
    "picked_up": ScanKind.ACCEPTED,
    "in_transit": ScanKind.IN_TRANSIT,
    "out_for_delivery": ScanKind.IN_TRANSIT,
    "ready_for_pickup": ScanKind.IN_TRANSIT,
    "delivery_delayed": ScanKind.DELAYED,
    "delivery_failed": ScanKind.DELAYED,
    "on_hold": ScanKind.DELAYED,
    "delivered": ScanKind.DELIVERED,
}
"""By Karrio's word; what it has none for says nothing of where the goods are, and neither does a label's printing."""
_TO_SENDER = ("returned to sender", "return to sender", "to original sender", "returned to shipper")


def scans_of(number: str, events: Sequence[Any]) -> list[Scan]:
    """What was seen of a parcel, in the order of its way; two that say the same of the same instant are one."""
    found = {scan.scan_id: scan for event in events if (scan := _scan(number, event))}
    return sorted(found.values(), key=lambda scan: scan.at)


def _scan(number: str, event: Any) -> Scan | None:
    kind, at = _kind(event), _instant(event.timestamp)
    return Scan(derived_id("scan", number, at.isoformat(), kind), number, kind, at) if kind and at else None


def _kind(event: Any) -> ScanKind | None:
    said = (event.description or "").casefold()
    if any(words in said for words in _TO_SENDER):
        return ScanKind.RETURNED_TO_SENDER
    return ScanKind.LOST if event.reason == LOST else KINDS.get(event.status or "")


def _instant(timestamp: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(timestamp or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
