"""Scans of a carrier as commands: what shops and warehouses tell of a parcel, told by its carrier (T23, T25, T25a)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from return_label.domain.commands import ReturnCommand
from return_label.domain.returns.loss import MarkReturnLost
from return_label.domain.returns.state import Return
from return_label.domain.returns.transit import MarkReturnReceived, MarkReturnShipped
from return_label.domain.tracking.scans import ScanKind
from shared.events.base import Actor
from shared.events.ids import derived_uuid
from shared.tracking.numbers import compact

CARRIER = Actor(id="carrier", roles=frozenset({"service"}))
"""Who tells of scans: shops and carriers have one role."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan of the parcel under a number; its id is the same however often it is told."""

    scan_id: str
    tracking_number: str
    kind: ScanKind


def has_number(return_: Return, seen: Seen) -> bool:
    """Whether the parcel's number is that of the return's label, be it void."""
    number = return_.label.tracking_number if return_.label else None
    return number is not None and compact(number) == compact(seen.tracking_number)


def is_of(return_: Return, seen: Seen) -> bool:
    """Whether the parcel is the one that goes with the return's prepaid label."""
    return return_.has_prepaid_label and has_number(return_, seen)


def commands(return_: Return, seen: Seen, at: datetime) -> Sequence[ReturnCommand]:
    """What the scan asks of a return whose parcel it is; each has an id that follows from the scan's, so that a scan
    that is told twice is carried out once. Whatever was seen was sent.
    """
    return [make(return_, seen, at) for make in ASKS[seen.kind]]


def _sent(return_: Return, seen: Seen, at: datetime) -> ReturnCommand:
    label = return_.label
    assert label
    named = {"buyer_id": return_.terms.buyer_id, "carrier": label.carrier}
    return MarkReturnShipped(**_envelope(return_, seen, at, "sent"), tracking_number=seen.tracking_number, **named)


def _arrived(return_: Return, seen: Seen, at: datetime) -> ReturnCommand:
    return MarkReturnReceived(**_envelope(return_, seen, at, "arrived"))


def _lost(return_: Return, seen: Seen, at: datetime) -> ReturnCommand:
    return MarkReturnLost(**_envelope(return_, seen, at, "lost"), has_key=True, has_seen=True)


def _envelope(return_: Return, seen: Seen, at: datetime, what: str) -> dict[str, Any]:
    return_id = return_.terms.return_id
    command_id = derived_uuid("scan", return_id, seen.scan_id, what)
    return {"command_id": command_id, "actor": CARRIER, "at": at, "return_id": return_id}


Make = Callable[[Return, Seen, datetime], ReturnCommand]
ASKS: Mapping[ScanKind, Sequence[Make]] = {
    ScanKind.ACCEPTED: (_sent,),
    ScanKind.IN_TRANSIT: (_sent,),
    ScanKind.DELAYED: (_sent,),
    ScanKind.DELIVERED: (_sent, _arrived),
    ScanKind.RETURNED_TO_SENDER: (_sent,),
    ScanKind.LOST: (_sent, _lost),
}
"""By scan: what is asked of the return, in this order. A parcel that went back to its sender has not arrived, and the
alarm of its transit brings it to people (D10).
"""
