"""Returns, read by the audit itself: where the goods are, until when whoever has them may act, and the return's row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ops.audit.deadlines import Due
from ops.audit.entry import Entry, instant
from ops.audit.readings.fold import Checks, Rows

State = dict[str, Any]

WAITS: Mapping[str, tuple[str, str]] = {
    "ReturnRequested": ("seller_response", "respond_by"),
    "ReturnDenied": ("return_dispute", "dispute_until"),
    "ReturnAuthorized": ("return_shipment", "ship_by"),
    "ReturnShipped": ("return_transit", "transit_alarm_at"),
    "ReturnTransitOverdue": ("return_transit", "transit_alarm_at"),
    "ReturnReceived": ("return_inspection", "inspect_by"),
}
"""By event: what the return waits for from then on, and the member that says until when."""
ENDS = frozenset(
    """
    ReturnDisputed ReturnDenialFinal ReturnLabelVoided ReturnLapsed ReturnLost ReturnInspected InspectionTimedOut
    """.split()  # noqa: SIM905
)
"""The events after which nothing is waited for."""
LABEL, CANCELLATION = "label_order", "label_cancellation"


def waited(now: Mapping[str, datetime], entry: Entry) -> Mapping[str, datetime]:
    """What a return waits for after one more event: one thing at a time, and beside it the label that is bought, and
    those that its carrier is to take back.
    """
    own = {kind: at for kind, at in now.items() if kind.startswith(CANCELLATION)}
    goods = {kind: at for kind, at in now.items() if kind not in own}
    if entry.name.startswith(("ReturnLabelCancel", "ReturnLabelNotCancelled")):
        kind = f"{CANCELLATION}:{entry.data['label_id']}"
        own.pop(kind, None)
        return {**goods, **own} | ({kind: _at(entry, "ordered_at")} if "ordered_at" in entry.data else {})
    return {**_of_goods(goods, entry), **own}


def _of_goods(now: Mapping[str, datetime], entry: Entry) -> Mapping[str, datetime]:
    if entry.name in ENDS:
        return {}
    if entry.name == "ReturnLabelOrdered":
        return {**now, LABEL: _at(entry, "ordered_at")}
    if entry.name in ("ReturnLabelIssued", "ReturnLabelDenied"):
        return {kind: at for kind, at in now.items() if kind != LABEL}
    if entry.name == "DeadlineMoved":
        return {**now, entry.data["kind"]: _at(entry, "due_at")} if entry.data["kind"] in now else now
    if entry.name not in WAITS:
        return now
    kind, member = WAITS[entry.name]
    return {kind: _at(entry, member)} if entry.data.get(member) else {}


def _at(entry: Entry, member: str) -> datetime:
    found = instant(entry.data[member])
    assert found
    return found


SAID = ("order_id", "dispute_id", "buyer_id", "seller_id", "kind", "reason", "freight_payer")
STATES: Mapping[str, str] = {
    "ReturnRequested": "requested",
    "ReturnDenied": "denied",
    "ReturnAuthorized": "authorized",
    "ReturnLabelOrdered": "authorized",
    "ReturnLabelDenied": "self_paid",
    "ReturnLabelGivenBack": "authorized",
    "ReturnLabelVoided": "voided",
    "ReturnShipped": "shipped",
    "ReturnReceived": "received",
    "ReturnInspected": "inspected",
    "InspectionTimedOut": "inspected",
    "ReturnLapsed": "lapsed",
    "ReturnLost": "lost",
}
"""Where the goods are after each event."""


def beginning() -> State:
    """A return of which nothing is known."""
    return {
        **dict.fromkeys((*SAID, "state", "requested_at", "ship_by")),
        "version": 0,
        "tracking_numbers": [],
        "not_cancelled": [],
    }


def fold(back: State, entry: Entry) -> None:
    """The return after one more event."""
    name, data = entry.name, entry.data
    back["version"] = entry.version
    back["state"] = STATES.get(name, back["state"])
    if name == "ReturnRequested":
        back.update({column: data[column] for column in SAID}, requested_at=instant(entry.metadata["at"]))
    elif name == "ReturnDisputed":
        back["dispute_id"] = data["dispute_id"]
    elif name == "ReturnAuthorized":
        back["ship_by"] = instant(data["ship_by"])
    elif name == "DeadlineMoved" and data["kind"] == "return_shipment":
        back["ship_by"] = instant(data["due_at"])
    elif name == "ReturnLabelIssued":
        back["state"] = "label_issued" if data["prepaid"] else "self_paid"
    if name.startswith(("ReturnLabelCancel", "ReturnLabelNotCancelled")):
        rest = {*back["not_cancelled"]} - {data["label_id"]}
        back["not_cancelled"] = sorted(rest | ({data["label_id"]} if "code" in data else set()))
    elif number := data.get("tracking_number"):
        gone = {_compact(data["replaced"])} if data.get("replaced") else set()
        back["tracking_numbers"] = sorted({*back["tracking_numbers"]} - gone | {_compact(number)})


def row(back: State) -> State | None:
    """The return's row; None before it was requested."""
    return dict(back) if back["order_id"] else None


def _compact(number: str) -> str:
    return re.sub("[^0-9A-Z]", "", number.upper())


class ReturnFold:
    """A return, its row, and what it waits for."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], return_id: str) -> None:
        self._id, self._state, self._model = return_id, beginning(), checks.models["returns"]
        self._row = rows["returns"].take(return_id)
        self._subject = self._model.subject(self._row)
        self._waited: Due = {}
        self._held: set[str] = set()

    def add(self, entry: Entry) -> None:
        """The stream's next event."""
        self._waited = waited(self._waited, entry)
        if entry.name == "ReturnHeld":
            self._held.add(entry.data["chargeback_id"])
        if entry.name == "ReturnHoldEnded":
            self._held.discard(entry.data["chargeback_id"])
        fold(self._state, entry)
        self._model.see(self._subject, entry.position, row(self._state))

    def wanted(self) -> Due:
        """While a bank decides nothing but a label is waited for."""
        return {kind: at for kind, at in self._waited.items() if not self._held or kind == LABEL}

    def end(self, last: Entry) -> Iterator[str]:
        self._model.compare(self._id, self._subject, self._row)
        return iter(())
