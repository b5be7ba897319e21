"""Plain folds: streams without a row of their own, of which at most the deadlines are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ops.audit.deadlines import REMINDER, Due, reminders
from ops.audit.entry import Entry


class PlainFold:
    """A stream of which nothing is kept here: who is told is a fact."""

    def __init__(self, *_: object) -> None:
        pass

    def add(self, entry: Entry) -> None:
        """Nothing is kept."""

    def wanted(self) -> Due:
        return {}

    def end(self, last: Entry) -> Iterator[str]:
        return iter(())


class ReminderFold(PlainFold):
    """The reminders of a dispute: those that were set last, less those that were sent."""

    def __init__(self, *_: object) -> None:
        self._standing: dict[str, datetime] = {}

    def add(self, entry: Entry) -> None:
        if entry.name == "RemindersSet":
            self._standing = reminders(entry.data)
        elif entry.name == "ReminderSent":
            self._standing.pop(REMINDER.format_map(entry.data), None)

    def wanted(self) -> Due:
        return self._standing
