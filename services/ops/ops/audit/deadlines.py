"""Deadlines = log: the table is what the events start and clear, less what the due loop has looked at and found
decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ops.audit.check import Check
from shared.decider import Clear, Start
from shared.events.base import Event, Recorded, wire_time

Key = tuple[str, str]
TARDY = timedelta(seconds=60)
"""Domain time after which a deadline that still stands is late: twelve times what a healthy loop takes."""


class DeadlineCheck:
    """Folds the log's starts and clears, and compares them with the rows as they stood at the same moment."""

    def __init__(
        self,
        service: str,
        rows: Mapping[Key, datetime],
        now: datetime | None,
        deadlines: Callable[[str, Event], Iterable[Start | Clear]],
    ) -> None:
        self.check = Check.of(f"deadlines {service}", "missing", "extra", "different", "late")
        self._rows = rows
        self._now = now
        self._deadlines = deadlines
        self._expected: dict[Key, datetime] = {}

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of the log."""
        for wish in self._deadlines(recorded.stream, recorded.event):
            match wish:
                case Start(kind, due_at):
                    self._expected[recorded.stream, kind] = due_at
                case Clear(kind):
                    self._expected.pop((recorded.stream, kind), None)

    def result(self) -> Check:
        """What was found."""
        self.check.see("rows", len(self._rows))
        for key in self._expected.keys() - self._rows.keys():
            self._without_row(key, self._expected[key])
        for key, due_at in self._rows.items():
            self._row(key, due_at)
        return self.check

    def _without_row(self, key: Key, due_at: datetime) -> None:
        # Once due it may have been asked about, and taken away because nothing followed from it any more.
        if self._now is None or due_at <= self._now:
            self.check.see("consumed")
        else:
            self.check.fault("missing", f"{_named(key)} due {wire_time(due_at)}")

    def _row(self, key: Key, due_at: datetime) -> None:
        if key not in self._expected:
            self.check.fault("extra", f"{_named(key)} due {wire_time(due_at)}")
        elif self._expected[key] != due_at:
            self.check.fault(
                "different", f"{_named(key)} due {wire_time(due_at)}, in the log {wire_time(self._expected[key])}"
            )
        elif self._now and due_at < self._now - TARDY:
            self.check.fault("late", f"{_named(key)} due {wire_time(due_at)}")


def _named(key: Key) -> str:
    return f"{key[1]} of {key[0]}"
