"""Toy domain: counters that must not fall below zero, and moves between two of them, for tests of the event store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.decider import Clear, Decided, Decider, Start, Stream
from shared.events.base import SYSTEM, Command, Event, Instant, StreamName
from shared.events.codec import type_name
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.rejections import Rejected

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Counted(Event):
    """The counter moved by `amount` and stands at `total`, as the decider saw it."""

    amount: int
    total: int
    note: str = ""
    remind_at: Instant | None = None
    reminded: bool = False


class Overdrawn(Rejected):
    """The counter would fall below zero."""


class Count(Command):
    """Adds to a counter; `into` receives the opposite, and `guard` is looked at only."""

    stream: str
    amount: int
    into: str | None = None
    guard: str | None = None
    remind_at: Instant | None = None
    reminded: bool = False

    @property
    def streams(self) -> Sequence[StreamName]:
        """The counter, then the one that receives, then the one that is looked at."""
        return [StreamName(name, name) for name in (self.stream, self.into, self.guard) if name]


def encode(event: Event) -> tuple[str, bytes]:
    """As the real codec, for the one event of this domain."""
    return type_name(type(event)), event.__pydantic_serializer__.to_json(event)


def decode(name: str, data: str | bytes) -> Event:
    """As the real codec, for the one event of this domain."""
    if name != type_name(Counted):
        raise ValueError(name)
    return Counted.model_validate_json(data)


def _deadlines(event: Event) -> Iterable[Start | Clear]:
    """A reminder is started by the event that names its instant and cleared by the one that says so."""
    assert isinstance(event, Counted)
    if event.reminded:
        yield Clear("reminder")
    if event.remind_at:
        yield Start("reminder", event.remind_at)


def decide(command: Count, counter: int, *others: int) -> Decided:
    """Nothing for an amount of zero; below zero is refused."""
    if command.amount == 0:
        return []
    if counter + command.amount < 0 or (command.into and others[0] - command.amount < 0):
        raise Overdrawn(f"{command.stream} holds {counter}")
    first = [
        Counted(
            amount=command.amount,
            total=counter + command.amount,
            remind_at=command.remind_at,
            reminded=command.reminded,
        )
    ]
    if not others:
        return first
    second = [Counted(amount=-command.amount, total=others[0] - command.amount)] if command.into else []
    return (first, second, *([] for _ in others[1:]))


counters = Decider({"counter": Stream(0, lambda total, event: total + event.amount, _deadlines)}, decide)
deadlines = counters.deadlines


def cause(number: object = 1, **more: object) -> Cause:
    """The cause of the command with this number."""
    return Cause(derived_uuid("test", number), NOON, str(SYSTEM), **more)  # type: ignore[arg-type]


def count(stream: str, amount: int, number: object = 1, **more: Any) -> Count:
    """The command with this number."""
    return Count(command_id=derived_uuid("test", number), actor=SYSTEM, at=NOON, stream=stream, amount=amount, **more)


def counted(amount: int, **more: object) -> Counted:
    """An event whose total nobody reads."""
    return Counted(amount=amount, total=amount, **more)


def write(stream: str, expected_version: int, *events: Event) -> Write:
    """A write to a stream that is its own key; without events a guard."""
    return Write(stream, stream, expected_version, events)
