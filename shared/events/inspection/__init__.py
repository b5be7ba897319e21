"""Inspection of returned goods, piece by piece: its words and its event. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Value
from shared.events.open_enums import Open


class InspectionResult(StrEnum):
    """What the inspection found."""

    PASSED = "pass"
    FAILED = "fail"


class InspectionFault(StrEnum):
    """What was wrong with returned goods (T27)."""

    NOT_RECEIVED = "not_received"
    DAMAGED = "damaged"
    DIFFERENT = "different"
    MISSING = "missing"
    USED = "used"


class InspectedPieces(Value):
    """What was found of so many pieces of a line."""

    line_id: str
    quantity: int
    result: Open[InspectionResult]
    fault: Open[InspectionFault] | None


class ReturnPiecesInspected(Event):
    """What was found of some pieces; the inspector's words are under `note_ref`, and `evidence` are the items of the
    order that show it. The inspection goes on.
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    lines: tuple[InspectedPieces, ...]
    note_ref: str | None
    evidence: tuple[str, ...] = ()
    rules: tuple[str, ...]
