"""State of a dispute's reminders: which stand, and which were sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispute.domain.deadlines import REMINDER, DeadlineKind
from shared.decider import Clear, Start
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.notification import Reminder, ReminderSent, RemindersSet
from shared.notifications.requests import BUYER, SELLER

REMINDED: Mapping[str, tuple[str, ...]] = {
    DeadlineKind.SELLER_RESPONSE: (SELLER,),
    DeadlineKind.BUYER_RESPONSE: (BUYER,),
    DeadlineKind.EVIDENCE: (BUYER, SELLER),
    DeadlineKind.APPEAL: (BUYER, SELLER),
}
"""By kind of deadline: the sides that have to act before it ends."""
KINDS = (REMINDER,)
"""Of the deadlines of reminders."""


def kind_of(deadline: str, role: str) -> str:
    """The reminder's own deadline: `reminder:<kind>:<side>`."""
    return f"{REMINDER}:{deadline}:{role}"


EVERY = [kind_of(deadline, role) for deadline, roles in REMINDED.items() for role in roles]


@dataclass(frozen=True, slots=True)
class Reminders:
    """The fold of one dispute's reminders; `standing` by the kind of their own deadlines, `set_in` is the version that
    named them.
    """

    standing: Mapping[str, Reminder] = field(default_factory=dict)
    sent: frozenset[tuple[str, datetime]] = frozenset()
    version: int = 0
    set_in: int = 0

    def due(self, kind: str) -> datetime | None:
        """The instant of a reminder that still stands."""
        reminder = self.standing.get(kind)
        return reminder.remind_at if reminder else None


def evolve(reminders: Reminders, event: Event) -> Reminders:
    counted = replace(reminders, version=reminders.version + 1)
    match event:
        case RemindersSet():
            standing = {kind_of(one.deadline, one.role): one for one in event.reminders}
            return replace(counted, standing=standing, set_in=counted.version)
        case ReminderSent():
            return _sent(counted, kind_of(event.deadline, event.role), event.due_at)
        case DeadlineMoved():
            return _moved(counted, event)
        case _:
            return counted


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """A reminder's own instant; what is not named any more ends."""
    match event:
        case RemindersSet():
            named = {kind_of(one.deadline, one.role): one.remind_at for one in event.reminders}
            return [*(Clear(kind) for kind in EVERY if kind not in named), *(Start(*one) for one in named.items())]
        case ReminderSent():
            return (Clear(kind_of(event.deadline, event.role)),)
        case _:
            return ()


def _sent(reminders: Reminders, kind: str, due_at: datetime) -> Reminders:
    standing = {name: one for name, one in reminders.standing.items() if name != kind}
    return replace(reminders, standing=standing, sent=reminders.sent | {(kind, due_at)})


def _moved(reminders: Reminders, event: DeadlineMoved) -> Reminders:
    if not (reminder := reminders.standing.get(event.kind)):
        return reminders
    moved = reminder.model_copy(update={"remind_at": event.due_at})
    return replace(reminders, standing={**reminders.standing, event.kind: moved})
