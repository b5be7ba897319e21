"""The next version of makewhole, to run beside this one: `python -m tests.support.next_version <module>`.

Its disputes begin with a member more (how urgent it is) and an event more (that somebody looks at it soon), which
starts a deadline of a kind more; and a word more says how a solution was reached.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from dispute.domain import decider as this
from dispute.domain.disputes import state as disputes
from dispute.domain.disputes import timers
from shared.decider import Clear, Decided, Decider, ExpireDeadline, Start
from shared.events import codec, dispute
from shared.events.base import Command, Event, Instant

TRIAGE = "triage"
MEDIATED = "mediated"


class DisputeOpened(dispute.DisputeOpened):
    """A buyer disputes lines of an order, and it is more or less urgent."""

    urgency: str = "normal"


class TriageBegun(Event):
    """Somebody is to look at it until `due_at`."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


class TriageEnded(Event):
    """Its time to be looked at is over."""

    dispute_id: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Dispute(disputes.Dispute):
    """The fold, with what is new."""

    triage_until: datetime | None = None

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        return self.triage_until if kind == TRIAGE else disputes.Dispute.due(self, kind)


def evolve(state: Any, event: Event) -> Any:
    match event:
        case TriageBegun():
            return replace(state, triage_until=event.due_at)
        case TriageEnded():
            return replace(state, triage_until=None)
        case DisputeOpened():
            return disputes.evolve(state, dispute.DisputeOpened(**dict(event)))
    return disputes.evolve(state, event)


def deadlines(event: Event) -> Iterable[Start | Clear]:
    match event:
        case TriageBegun():
            return (Start(TRIAGE, event.due_at),)
        case TriageEnded():
            return (Clear(TRIAGE),)
    return timers.deadlines(event)


def decide(command: Command, *states: Any) -> Decided:
    if isinstance(command, ExpireDeadline) and command.kind == TRIAGE:
        due = command.is_due(states[0].due(TRIAGE))
        return [TriageEnded(dispute_id=states[0].opened.dispute_id, rules=())] if due else []
    decided = this.decide(command, *states)
    return tuple(map(_grown, decided)) if isinstance(decided, tuple) else _grown(decided)


def _grown(events: Any) -> Sequence[Event]:
    return [each for event in events for each in _next(event)]


def _next(event: Event) -> Iterator[Event]:
    match event:
        case dispute.DisputeOpened():
            yield DisputeOpened(**dict(event), urgency="high")
            yield TriageBegun(dispute_id=event.dispute_id, due_at=event.opened_at, rules=())
        case dispute.SolutionReached():
            yield dispute.SolutionReached.model_validate({**dict(event), "reached_type": MEDIATED})
        case _:
            yield event


def install() -> None:
    """Makes this process one of the next version; before any module of a service has asked for the decider."""
    events: Any = codec.EVENT_CLASSES
    events.update((codec.type_name(each), each) for each in (DisputeOpened, TriageBegun, TriageEnded))
    stream = replace(
        this.decider.streams["dispute"],
        initial=Dispute(),
        evolve=evolve,
        deadlines=deadlines,
        kinds=(*timers.KINDS, TRIAGE),
        due=Dispute.due,
    )
    this.decider = Decider({**this.decider.streams, "dispute": stream}, decide)


def install_in_audit() -> None:
    """Makes this process the next version's audit: it knows the types that are new, and what a member was before."""
    from ops.audit import entry
    from ops.audit.readings import disputes as reading

    known: Any = entry
    known.NAMES |= {TriageBegun.__name__, TriageEnded.__name__}
    this_row, audited = reading.history_row, cast(Any, reading)

    def history_row(each: entry.Entry) -> dict[str, Any]:
        row = this_row(each)
        if each.name == DisputeOpened.__name__:
            row["detail"].setdefault("urgency", "normal")
        return row

    audited.history_row = history_row


if __name__ == "__main__":
    # By its own name, for `__main__` would be a second module with classes of its own.
    from tests.support import next_version

    next_version.install()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
