"""Tests as sentences: `given(decider, what happened).when(somebody asks).then(what happens)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.decider import Clear, Decided, Decider, Start
from shared.events.base import Command, Event, StreamName, StreamOfKey
from shared.rejections import Rejected

History = Mapping[str, Sequence[Event]]
R = TypeVar("R", bound=Rejected)


def given(decider: Decider, *happened: Event | History) -> Given:
    """What happened so far: `{stream: events}`, or just the events of the stream that the command names first."""
    streams = [part for part in happened if not isinstance(part, Event)]
    events = [part for part in happened if isinstance(part, Event)]
    return Given(decider, {name: list(history) for part in streams for name, history in part.items()}, events)


@dataclass(frozen=True)
class Given:
    """Streams as they are before the command."""

    decider: Decider
    streams: History
    of_first: Sequence[Event] = ()

    def when(self, command: Command) -> Outcome:
        """Decides the command on the states of its streams."""
        names = [self._name(stream) for stream in command.streams]
        streams = {name: self.streams.get(name, ()) for name in names} | dict(self.streams)
        streams[names[0]] = [*streams[names[0]], *self.of_first]
        try:
            decided = self.decider.decide(command, *(self.decider.fold(name, streams[name]) for name in names))
        except Rejected as rejection:
            return Outcome(self.decider, streams, dict.fromkeys(names, ()), rejection)
        return Outcome(self.decider, streams, dict(zip(names, _by_stream(decided, len(names)), strict=True)))

    def _name(self, stream: StreamName | StreamOfKey) -> str:
        """A stream's name; one that has the first stream's key is the only one of its category here."""
        if isinstance(stream, StreamName):
            return stream.name
        return next((name for name in self.streams if name.startswith(f"{stream.category}-")), f"{stream.category}-")


@dataclass(frozen=True)
class Outcome:
    """What the command led to: events for each stream that it decided on, or a rejection."""

    decider: Decider
    before: History
    decided: Mapping[str, Sequence[Any]]
    rejection: Rejected | None = field(default=None)

    @property
    def accepted(self) -> Outcome:
        """This outcome; raises the rejection, where the command was refused."""
        if self.rejection:
            raise self.rejection
        return self

    @property
    def by_stream(self) -> Mapping[str, Sequence[Any]]:
        """The new events of each stream; raises the rejection, where the command was refused."""
        return self.accepted.decided

    @property
    def events(self) -> list[Any]:
        """All new events, stream after stream."""
        return [event for events in self.by_stream.values() for event in events]

    @property
    def after(self) -> History:
        """Every stream with what the command added."""
        return {name: [*events, *self.decided.get(name, ())] for name, events in self.before.items()}

    @property
    def states(self) -> list[Any]:
        """The states after, in the order of the command's streams."""
        return [self.decider.fold(name, self.after[name]) for name in self.decided]

    @property
    def deadlines(self) -> dict[tuple[str, str], Any]:
        """What is due when after all of this: (stream, kind) → instant."""
        due: dict[tuple[str, str], Any] = {}
        for name, events in self.after.items():
            for change in (change for event in events for change in self.decider.deadlines(name, event)):
                match change:
                    case Start(kind, due_at):
                        due[name, kind] = due_at
                    case Clear(kind):
                        due.pop((name, kind), None)
        return due

    def when(self, command: Command) -> Outcome:
        """The next command, on the streams as this one left them; raises the rejection, where this one was refused."""
        return Given(self.decider, self.accepted.after).when(command)

    def then(self, *expected: Event) -> Outcome:
        """Exactly these events, stream after stream."""
        assert self.events == list(expected)
        return self

    def then_types(self, *expected: type[Event]) -> Outcome:
        """Events of exactly these types, stream after stream."""
        assert [type(event) for event in self.events] == list(expected)
        return self

    def then_nothing(self) -> Outcome:
        """No event, and no refusal: it was already so."""
        return self.then()

    def then_rejects(self, refusal: type[R]) -> R:
        """Refused with this code and nothing else; answers the refusal, whose members may be asserted."""
        assert type(self.rejection) is refusal, (
            f"expected {refusal.__name__}, got {self.rejection!r} and {self.decided}"
        )
        return self.rejection


def _by_stream(decided: Decided, streams: int) -> tuple[Sequence[Event], ...]:
    if isinstance(decided, tuple):
        return decided
    return (decided,) if decided else ((),) * streams
