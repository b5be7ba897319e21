"""Events of the reminders of one dispute. These names are storage: never rename one."""

from __future__ import annotations

from shared.events.base import Event, Instant, Value
from shared.events.deadlines import DeadlineMoved


class Reminder(Value):
    """One side is reminded at `remind_at` that it has to act before `due_at`."""

    deadline: str
    role: str
    due_at: Instant
    remind_at: Instant


class RemindersSet(Event):
    """All reminders of the dispute that stand now: those that are not named stand no longer."""

    dispute_id: str
    reminders: tuple[Reminder, ...]
    rules: tuple[str, ...]


class ReminderSent(Event):
    """A reminder's instant came, and its notification was asked for in the same append."""

    dispute_id: str
    deadline: str
    role: str
    due_at: Instant
    notification_id: str
    rules: tuple[str, ...]


ReminderEvent = RemindersSet | ReminderSent | DeadlineMoved
