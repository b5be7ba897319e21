"""Dry run: what a command would lead to, told where the run would append (docs/adr/0026-reminders-and-dry-runs.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from shared.decider import Decider, Start
from shared.events.base import Actor, Event, Instant
from shared.events.codec import type_name
from shared.events.money import Money
from shared.eventstore.command_handling import Prepared
from shared.notifications.requests import party_of
from shared.notifications.table import Notices
from shared.parties import Parties

SWITCH = "dry_run"


class ForetoldEvent(TypedDict):
    """An event that would be appended."""

    type: str
    stream: str
    data: Mapping[str, Any]


class ForetoldDeadline(TypedDict):
    """A deadline that would start, move or end; `due_at` is null for one that ends."""

    kind: str
    due_at: Instant | None
    change: Literal["start", "move", "clear"]
    rules: Sequence[str]


class ForetoldAmount(TypedDict):
    """Money of an order line."""

    line_id: str
    amount: Money


class ForetoldMoney(TypedDict):
    """Money that would be asked for, asked back or not any more, paid out, held or free again, and whose it is."""

    kind: Literal["refund", "release", "hold", "lift", "clawback", "clawback_withdrawn"]
    amount: Money
    lines: Sequence[ForetoldAmount]
    party: str


class ForetoldNotification(TypedDict):
    """Somebody who would be told."""

    kind: str
    recipient: str
    due_at: Instant | None


class DryRunView(TypedDict):
    """What the command would lead to here; nothing was written, and what other services would do is not foretold."""

    dry_run: Literal[True]
    events: Sequence[ForetoldEvent]
    deadlines: Sequence[ForetoldDeadline]
    money: Sequence[ForetoldMoney]
    notifications: Sequence[ForetoldNotification]


class Foretold(Exception):
    """A dry run has come to where the run would append."""

    def __init__(self, view: DryRunView) -> None:
        super().__init__("a dry run appends nothing")
        self.view = view


def _nothing(_: Event, __: Any) -> Iterable[ForetoldMoney]:
    return ()


def _everything(_: Actor, event: Event) -> Mapping[str, Any]:
    return event.model_dump(mode="json")


def _of_the_stream(state: Any, _: Event) -> Parties:
    parties: Parties = state.parties
    return parties


@dataclass(frozen=True, slots=True)
class Foretelling:
    """What a service knows of its events: who is told of them, what money they move behind a state, what of their data
    an actor may see, and whose an event is where that is not all of its stream's.
    """

    notices: Notices = field(default_factory=dict)
    money: Callable[[Event, Any], Iterable[ForetoldMoney]] = _nothing
    shown: Callable[[Actor, Event], Mapping[str, Any]] = _everything
    parties: Callable[[Any, Event], Parties] = _of_the_stream

    def view(self, prepared: Prepared | None, decider: Decider, actor: Actor) -> DryRunView:
        """What would follow; nothing where it had been carried out before, or changes nothing."""
        written = list(_written(prepared, decider)) if prepared else []
        return {
            "dry_run": True,
            "events": [
                {"type": type_name(type(each.event)), "stream": each.stream, "data": self.shown(actor, each.event)}
                for each in written
            ],
            "deadlines": [change for each in written for change in each.deadlines(decider)],
            "money": [effect for each in written for effect in self.money(each.event, each.before)],
            "notifications": [told for each in written for told in self._told(each)],
        }

    def _told(self, each: Written) -> Iterator[ForetoldNotification]:
        if notice := self.notices.get(type(each.event)):
            due_at = getattr(each.event, notice.due) if notice.due else None
            for role in notice.roles(each.event):
                yield {
                    "kind": notice.kind_of(each.event),
                    "recipient": party_of(self.parties(each.after, each.event), role),
                    "due_at": due_at,
                }


@dataclass(frozen=True, slots=True)
class Written:
    """An event that would be appended, between the states of its stream before and after it."""

    stream: str
    event: Event
    before: Any
    after: Any

    def deadlines(self, decider: Decider) -> Iterator[ForetoldDeadline]:
        """What it starts, moves and ends of what stands before it."""
        rules = getattr(self.event, "rules", ())
        for change in decider.deadlines(self.stream, self.event):
            standing = decider.due(self.stream, self.before, change.kind)
            if isinstance(change, Start) and decider.due(self.stream, self.after, change.kind) is None:
                continue  # nobody waits for it any more
            due_at = change.due_at if isinstance(change, Start) else None
            if word := _change(standing, due_at):
                yield {"kind": change.kind, "due_at": due_at, "change": word, "rules": rules}


def _change(standing: datetime | None, due_at: datetime | None) -> Literal["start", "move", "clear"] | None:
    if standing == due_at:
        return None
    if due_at is None:
        return "clear"
    return "move" if standing else "start"


def _written(prepared: Prepared, decider: Decider) -> Iterator[Written]:
    for stream, state, events in zip(prepared.names, prepared.states, prepared.decided, strict=True):
        before = state
        for event in events:
            after = decider.fold(stream, [event], before)
            yield Written(stream, event, before, after)
            before = after
