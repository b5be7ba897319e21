"""Events of a notification, in any service's log. These names are storage: never rename one."""

from __future__ import annotations

from shared.events.base import Event, Instant
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


NotificationEvent = NotificationRequested | DeadlineMoved
