"""Events of a notification, in any service's log, and of a dispute's reminders. These names are storage: never rename
one.
"""

from __future__ import annotations

from shared.events.base import Event, Instant, Value
from shared.events.deadlines import DeadlineMoved
from shared.events.money import Money


class NotificationRequested(Event):
    """Somebody is to be told of an event; who delivers it follows this one (S54).

    `about` is the dispute, the refund or the return; `deadline` is the kind of what is due at `due_at`.
    """

    notification_id: str
    kind: str
    recipient: str
    role: str
    source_event: str
    order_id: str
    dispute_id: str | None
    about: str
    deadline: str | None
    due_at: Instant | None
    amount: Money | None
    requested_at: Instant
    rules: tuple[str, ...]


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


NotificationEvent = NotificationRequested | DeadlineMoved
ReminderEvent = RemindersSet | ReminderSent | DeadlineMoved
