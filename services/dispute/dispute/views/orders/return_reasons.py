"""Reasons of returns, counted: what sellers and the platform may learn from them (S108)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from shared.events.dispute import Reason
from shared.events.open_enums import Open


class ReasonCount(TypedDict):
    """How many returns, and pieces in them, of one listing went back for one reason in a calendar month; `sku` is null
    where the shop named none.
    """

    month: str
    sku: str | None
    reason: Open[Reason]
    returns: int
    pieces: int


def reason_count(row: Mapping[str, Any]) -> ReasonCount:
    """A count of the read model, as the list shows it."""
    return {
        "month": row["month"],
        "sku": row["sku"] or None,
        "reason": row["reason"],
        "returns": row["returns"],
        "pieces": row["pieces"],
    }
