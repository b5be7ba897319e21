"""Sagas: every refund and return that is due was begun or refused, none unasked, and what was paid is noted once."""

from __future__ import annotations

from collections import Counter

from ops.audit.check import Check
from shared.events.base import Event
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, ReturnDue
from shared.events.envelope import Recorded
from shared.events.refund import RefundIssued, RefundRefused, RefundRequested
from shared.events.return_label import ReturnRequested


class SagaCheck:
    """Sees the logs of all services, in any order."""

    def __init__(self) -> None:
        self.check = Check.of("sagas", "unanswered", "unasked", "unnoted", "noted_twice")
        self._asked: dict[str, str] = {}
        self._answered: dict[str, str] = {}
        self._issued: dict[str, str] = {}
        self._noted: Counter[str] = Counter()

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of a log."""
        match recorded.event:
            case RefundDue(refund_id=name) | ReturnDue(return_id=name):
                self._asked[name] = recorded.id
            case RefundRequested(refund_id=name) | RefundRefused(refund_id=name) | ReturnRequested(return_id=name):
                self._answered[name] = recorded.id
            case RefundIssued(refund_id=name, dispute_id=str()):
                self._issued[name] = recorded.id
            case RefundNoted(refund_id=name, outcome=RefundOutcome.ISSUED) if recorded.stream.startswith("dispute-"):
                self._noted[name] += 1

    def result(self) -> Check:
        """What was found, once every log was seen."""
        self.check.see("asked", len(self._asked))
        self.check.see("issued", len(self._issued))
        for kind, names, events in (
            ("unanswered", self._asked.keys() - self._answered.keys(), self._asked),
            ("unasked", self._answered.keys() - self._asked.keys(), self._answered),
            ("unnoted", self._issued.keys() - self._noted.keys(), self._issued),
        ):
            for name in sorted(names):
                self.check.fault(kind, f"{name} ({events[name]})")
        for name in (name for name, count in self._noted.items() if count > 1):
            self.check.fault("noted_twice", name)
        return self.check
