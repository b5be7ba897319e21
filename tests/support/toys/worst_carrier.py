"""The worst carrier that the port's words allow.

It sells a label under every key that it does not know, keeps no refusal, and honours nothing but its keys. It sells and
does not answer, or does neither; at times it answers about another label. It tells scans in any order and more than
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from return_label.domain.tracking.sandbox import sandbox_number
from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.port import Bought, LabelCall, Refused, Scan, Unanswered, Voided
from shared.events.ids import derived_id

AT = datetime(2026, 3, 6, 10, tzinfo=UTC)


class WorstCarrier:
    """`fault` is what happens to the next purchase, `fault_of_void` to the next label that is given back, and to that
    alone.
    """

    def __init__(self) -> None:
        self.sold: dict[str, str] = {}
        self.void_numbers: set[str] = set()
        self.scans: list[Scan] = []
        self.fault, self.fault_of_void, self.reason = "none", "none", "declined"

    async def buy(self, call: LabelCall) -> Bought | Refused:
        fault, self.fault = self.fault, "none"
        if fault == "timeout_before":
            raise Unanswered
        if fault == "decline" and call.label_id not in self.sold:
            return Refused(call.label_id, self.reason)
        number = self.sold.setdefault(call.label_id, sandbox_number(derived_id("lbl", call.label_id, len(self.sold))))
        if fault in ("timeout_after", "error_after"):
            raise Unanswered
        return Bought("lbl_OTHER" if fault == "other_label" else call.label_id, number)

    async def find(self, call: LabelCall) -> Bought | None:
        number = self.sold.get(call.label_id)
        return Bought(call.label_id, number) if number else None

    async def void(self, call: LabelCall, tracking_number: str) -> Voided | Refused:
        fault, self.fault_of_void = self.fault_of_void, "none"
        if fault == "timeout_before":
            raise Unanswered
        if any(scan.tracking_number == tracking_number for scan in self.scans):
            return Refused(call.label_id, "label_used")
        self.void_numbers.add(tracking_number)
        if fault != "none":
            raise Unanswered
        return Voided(tracking_number)

    async def track(self, tracking_number: str) -> Sequence[Scan]:
        return [scan for scan in self.scans if scan.tracking_number == tracking_number]

    def scan(self, tracking_number: str, kind: ScanKind) -> None:
        """The parcel is seen."""
        self.scans.append(Scan(f"scan_{len(self.scans)}", tracking_number, kind, AT))
