"""Decider: the pure functions of a service: fold a stream, decide a command, name deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, Generic, NamedTuple, Self, TypeVar

from shared.events.base import SYSTEM, Actor, Command, Event, Instant, StreamName, StreamOfKey
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.events.ids import derived_uuid
from shared.rejections import IdempotencyKeyRequired, IfMatchRequired

S = TypeVar("S")


def changed(state: S, /, **values: Any) -> S:
    """A copy of a frozen state with other values: what `dataclasses.replace` does, in an eighth of its time, for a
    class without slots. Every event of every load makes one.
    """
    fields = state.__dict__ | values
    assert len(fields) == len(state.__dict__) and "__slots__" not in type(state).__dict__
    copy = object.__new__(type(state))
    object.__setattr__(copy, "__dict__", fields)  # the class itself is frozen
    return copy


class Start(NamedTuple):
    """An event starts (or moves) the deadline `kind` of its stream: due at the instant that it records."""

    kind: str
    due_at: datetime


class Clear(NamedTuple):
    """An event ends the deadline `kind` of its stream."""

    kind: str


def no_deadlines(_: Event) -> Iterable[Start | Clear]:
    """For streams in which nothing falls due."""
    return ()


def nothing_due(_: Any, __: str) -> datetime | None:
    """For streams in which nothing falls due."""
    return None


def known_to_all(_: Any, __: Actor, ___: Event) -> bool:
    """For streams in which nothing happens behind closed doors."""
    return True


@dataclass(frozen=True, slots=True)
class Stream(Generic[S]):
    """One category of streams: where its state begins, how one event moves it, which deadlines it starts and ends.

    `kinds` are those of its deadlines, each as far as its first colon; `due(state, kind)` is the instant of one that
    the state still wants; `knows(state, actor, event)` is whether the actor learns that the event has happened.
    """

    initial: S
    evolve: Callable[[S, Any], S]
    deadlines: Callable[[Event], Iterable[Start | Clear]] = no_deadlines
    kinds: tuple[str, ...] = ()
    due: Callable[[S, str], datetime | None] = nothing_due
    knows: Callable[[S, Actor, Event], bool] = known_to_all

    def fold(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after `events` (I6)."""
        return reduce(self.evolve, events, self.initial if state is None else state)


Decided = Sequence[Event] | tuple[Sequence[Event], ...]


@dataclass(frozen=True, slots=True)
class Decider:
    """One service's decisions.

    `streams` has one entry a category: the part of a stream's name before the first dash. `decide(command, *states)`
    answers a list of events, or a tuple of lists where the command decides on several streams (one for each state, in
    the order of `command.streams`; an empty list leaves a guard).
    """

    streams: Mapping[str, Stream[Any]]
    decide: Callable[..., Decided]

    def fold(self, stream: str, events: Iterable[Event], state: Any = None) -> Any:
        """The state of a stream after `events`."""
        return self._of(stream).fold(events, state)

    def deadlines(self, stream: str, event: Event) -> Iterable[Start | Clear]:
        """What an event of this stream starts and clears; a deadline is moved in every stream alike."""
        if isinstance(event, DeadlineMoved):
            return (Start(event.kind, event.due_at),)
        return self._of(stream).deadlines(event)

    def due(self, stream: str, state: Any, kind: str) -> datetime | None:
        """The instant of the deadline, where the state of this stream still wants it."""
        return self._of(stream).due(state, kind)

    def knows(self, stream: str, state: Any, actor: Actor, event: Event) -> bool:
        """Whether the actor, who is no stranger to this stream, learns that the event has happened in it."""
        return self._of(stream).knows(state, actor, event)

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind of deadline that this version knows, as far as its first colon."""
        return frozenset(kind for stream in self.streams.values() for kind in stream.kinds)

    def _of(self, stream: str) -> Stream[Any]:
        return self.streams[stream.partition("-")[0]]


class ExpireDeadline(Command):
    """A timer asks whether its deadline has passed; the decider decides again."""

    stream: str
    key: str
    kind: str
    due_at: Instant

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(self.stream),)

    def is_due(self, due_at: datetime | None) -> bool:
        """Whether this firing is the deadline's own and not too soon: a cleared or moved one loses."""
        return due_at == self.due_at and self.at >= self.due_at


class ConsideredCommand(Command):
    """A command that may move money: whether it has a key of its own, and whether its sender says what was seen."""

    has_key: bool = False
    has_seen: bool = False

    def guard_considered(self) -> None:
        """Refuses what could be carried out twice, or unseen; asked where money moves, behind all other guards."""
        if not self.has_key:
            raise IdempotencyKeyRequired("This moves money: choose a key, and repeat it when you repeat the command.")
        if not self.has_seen:
            raise IfMatchRequired("This moves money: send the ETag of what you have seen.")


@dataclass(frozen=True, slots=True)
class Send:
    """A command that a policy asks for, and the event that it follows from."""

    command: Command
    causation: Recorded[Event]

    @classmethod
    def on(cls, recorded: Recorded[Any], policy: str, n: int, command: Callable[..., Command], **fields: Any) -> Self:
        """The `n`th command of `policy` on an event: decided at the event's instant, its id derived from the event, so
        that a repeat asks for the very same thing.
        """
        command_id = derived_uuid(recorded.id, policy, n)
        return cls(command(command_id=command_id, actor=SYSTEM, at=recorded.metadata.at, **fields), recorded)
