"""View of an inspection that goods have failed: what was found of which pieces, and what of them was paid (T27)."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from shared.events.dispute import ReturnNoted
from shared.events.inspection import InspectionFault, InspectionResult
from shared.events.open_enums import Open
from shared.views import LineAmountView


class PiecesView(TypedDict):
    """What was found of so many pieces of a line."""

    line_id: str
    quantity: int
    result: Open[InspectionResult]
    fault: Open[InspectionFault] | None


class InspectionView(TypedDict):
    """What the return with this id came to: the first `fault`, and by `pieces` where they were looked at one by one.
    The inspector's words are texts of the return. `passed` went to the buyer by that, and nobody rules on less.
    """

    return_id: str
    fault: str | None
    pieces: Sequence[PiecesView]
    passed: Sequence[LineAmountView]


def inspection_view(told: ReturnNoted) -> InspectionView:
    """What was told of goods that came back and have failed."""
    return {
        "return_id": told.return_id,
        "fault": told.reason,
        "pieces": [
            {"line_id": one.line_id, "quantity": one.quantity, "result": one.result, "fault": one.fault}
            for one in told.pieces
        ],
        "passed": [{"line_id": part.line_id, "amount": part.amount} for part in told.passed],
    }
