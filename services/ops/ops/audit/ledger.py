"""Ledger = events: every refund that was issued moved its money once, and nothing else moved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ops.audit.check import Check
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.money import Money
from shared.events.refund import RefundIssued


class LedgerCheck:
    """Compares the payment provider's movements with the refund service's events; all up to `head` happened before the
    ledger was read.
    """

    def __init__(self, movements: Iterable[Mapping[str, Any]], head: int) -> None:
        self.check = Check.of("ledger", "missing", "twice", "unasked", "different", "over_cap")
        self._head = head
        self._effects: dict[str, list[Money]] = defaultdict(list)
        self._captured: Counter[tuple[str, str]] = Counter()
        self._refunded: Counter[tuple[str, str]] = Counter()
        self._issued: set[str] = set()
        self.check.see("refunds", 0)
        self.check.see("effects", 0)
        for movement in movements:
            self._book(movement)

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of the refund service's log."""
        if not isinstance(event := recorded.event, RefundIssued):
            return
        self.check.see("refunds")
        if event.refund_id in self._issued:
            self.check.fault("twice", f"{event.refund_id} is issued twice in the log")
        self._issued.add(event.refund_id)
        effects = self._effects.get(event.refund_id, [])
        if not effects and recorded.position <= self._head:
            self.check.fault("missing", f"{event.refund_id} of {event.amount}")
        if any(effect != event.amount for effect in effects):
            self.check.fault(
                "different", f"{event.refund_id}: {event.amount} was issued, {', '.join(map(str, effects))} went"
            )

    def result(self) -> Check:
        """What was found."""
        for refund_id, effects in self._effects.items():
            if len(effects) > 1:
                self.check.fault("twice", f"{refund_id} went {len(effects)} times")
            if refund_id not in self._issued:
                self.check.fault("unasked", f"{refund_id} of {effects[0]} went, and no event says so")
        for payment, minor in self._refunded.items():
            if minor > self._captured[payment]:
                self.check.fault(
                    "over_cap",
                    f"{payment[0]}: {self._captured[payment]} were taken and {minor} went back, in "
                    f"{payment[1]} minor units",
                )
        return self.check

    def _book(self, movement: Mapping[str, Any]) -> None:
        amount = Money.parse(movement["amount"]["amount"], movement["amount"]["currency"])
        payment = movement["payment_id"], amount.currency
        match movement["kind"]:
            case "capture":
                self._captured[payment] += amount.minor
            case "refund":
                self.check.see("effects")
                self._refunded[payment] += amount.minor
                self._effects[str(movement["refund_id"])].append(amount)
            case "chargeback":
                self._refunded[payment] += amount.minor
