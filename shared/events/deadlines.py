"""Events of a deadline, in any stream. These names are storage: never rename one."""

from __future__ import annotations

from shared.events.base import Event, Instant


class DeadlineMoved(Event):
    """A deadline was moved, and by which rule; its stream has one of this kind."""

    kind: str
    previous_due_at: Instant
    due_at: Instant
    rules: tuple[str, ...]
