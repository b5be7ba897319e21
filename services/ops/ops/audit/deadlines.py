"""Deadlines = log: the table is what the events start and clear, less what the due loop found that nobody wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ops.audit.check import Check
from shared.deadlines.from_log import Called, DeadlinesOfLog
from shared.decider import Decider
from shared.events.base import Event, wire_time
from shared.events.envelope import Recorded

Key = tuple[str, str]
LATE_AFTER = timedelta(seconds=60)
"""Domain time after which a deadline that still stands is late: twelve times what a healthy loop takes."""


class DeadlineCheck:
    """Folds the log's starts and clears, and compares them with the rows as they stood at the same moment."""

    def __init__(self, service: str, rows: Mapping[Key, datetime], now: datetime | None, decider: Decider) -> None:
        self.check = Check.of(f"deadlines {service}", "missing", "extra", "different", "late")
        self._rows = rows
        self._now = now
        self._log = DeadlinesOfLog(decider)

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of the log."""
        self._log.add(recorded)

    def result(self) -> Check:
        """What was found."""
        called = self._log.called()
        self.check.see("rows", len(self._rows))
        for key in called.keys() - self._rows.keys():
            self._without_row(key, called[key])
        for key, due_at in self._rows.items():
            self._row(key, due_at, called.get(key))
        return self.check

    def _without_row(self, key: Key, called: Called) -> None:
        if called.wanted:
            self.check.fault("missing", f"{_name(key)} due {wire_time(called.due_at)}")
        else:
            self.check.see("consumed")

    def _row(self, key: Key, due_at: datetime, called: Called | None) -> None:
        if called is None:
            self.check.fault("extra", f"{_name(key)} due {wire_time(due_at)}")
        elif called.due_at != due_at:
            self.check.fault(
                "different", f"{_name(key)} due {wire_time(due_at)}, in the log {wire_time(called.due_at)}"
            )
        elif self._now and due_at < self._now - LATE_AFTER:
            self.check.fault("late", f"{_name(key)} due {wire_time(due_at)}")


def _name(key: Key) -> str:
    return f"{key[1]} of {key[0]}"
