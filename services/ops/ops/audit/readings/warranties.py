"""Warranty claims, read by the audit itself: how far each is, and until when it is assessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.audit.deadlines import Due
from ops.audit.entry import Entry, instant
from ops.audit.readings.fold import Checks, Rows

State = dict[str, Any]

SAID = ("order_id", "buyer_id", "seller_id", "line_id", "quantity")


def beginning() -> State:
    """A claim of which nothing is known."""
    return {**dict.fromkeys((*SAID, "state", "opened_at", "due_at")), "version": 0, "overdue": 0}


def fold(claim: State, entry: Entry) -> None:
    """The claim after one more event."""
    name, data = entry.name, entry.data
    claim["version"] = entry.version
    claim["due_at"] = instant(data.get("review_until"))
    if name == "WarrantyClaimOpened":
        claim.update({column: data[column] for column in SAID}, state="opened", opened_at=instant(data["opened_at"]))
    elif name == "WarrantyReviewOverdue":
        claim["overdue"] += 1
    elif name == "WarrantyAssessed":
        claim["state"] = "refused" if data["result"] == "refused" else "assessed"
    elif name == "WarrantyFulfilled":
        claim["state"] = "fulfilled"


def row(claim: State) -> State | None:
    """The claim's row; None before it was opened."""
    return dict(claim) if claim["order_id"] else None


class WarrantyFold:
    """A claim, its row, and the assessment that it waits for."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], warranty_id: str) -> None:
        self._id, self._state, self._model = warranty_id, beginning(), checks.models["warranties"]
        self._row = rows["warranties"].take(warranty_id)
        self._subject = self._model.subject(self._row)

    def add(self, entry: Entry) -> None:
        """The stream's next event."""
        fold(self._state, entry)
        self._model.see(self._subject, entry.position, row(self._state))

    def wanted(self) -> Due:
        until = self._state["due_at"]
        return {"warranty_assessment": until} if until else {}

    def end(self, last: Entry) -> Iterator[str]:
        self._model.compare(self._id, self._subject, self._row)
        return iter(())
