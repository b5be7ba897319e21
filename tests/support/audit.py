"""Audit builders: entries of a log, and the faults of a check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.audit.check import Check
from ops.audit.entry import Entry
from shared.events import codec
from shared.events.base import Event
from shared.events.envelope import Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.events.order import OrderCarrierLost

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def entry(
    position: int, stream: str = "order-o1", version: int | None = None, key: str = "o1", **changes: Any
) -> Entry:
    event = OrderCarrierLost(order_id="o1", lost_at=AT + timedelta(days=position))
    name, data = codec.encode(event)
    metadata = {
        "at": AT.isoformat(),
        "command_id": f"command-{position}",
        "request_hash": "",
        "actor": "shop",
        "correlation": "c",
    }
    whole = Entry(position, stream, version or position, key, name, data.decode(), metadata)
    return replace(whole, **changes)


LOG = [entry(1), entry(2), entry(3, "order-o2", 1, "o2"), entry(4, version=3)]


def found(check: Check) -> dict[str, int]:
    """The faults that are not zero."""
    return {name: count for name, count in check.faults.items() if count}


def recorded(position: int, stream: str, version: int, event: Event, key: str = "o1") -> Recorded[Event]:
    command = derived_uuid("audit", position)
    return Recorded(stream, version, position, event, Metadata(AT, command, "hash", "shop", "c", None, None, key))
