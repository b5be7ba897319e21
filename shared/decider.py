"""Decider: the pure centre of a service. It knows only the language of `shared.events`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, Generic, TypeVar

from shared.events.base import Command, Event, Recorded

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """How one category of streams becomes state: where it begins and how one event moves it (I6)."""

    initial: S
    evolve: Callable[[S, Any], S]

    def __call__(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after `events`."""
        return reduce(self.evolve, events, self.initial if state is None else state)


@dataclass(frozen=True, slots=True)
class Start:
    """An event starts (or moves) the deadline `kind` of its stream: due at the instant that it records."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Clear:
    """An event ends the deadline `kind` of its stream."""

    kind: str


Decided = Sequence[Event] | tuple[Sequence[Event], ...]


@dataclass(frozen=True, slots=True)
class Decider:
    """One service's decisions.

    `decide(command, *states)` answers a list of events, or a tuple of lists where the command decides on several
    streams (one for each state, in the order of `command.streams`; an empty list leaves a guard).
    `folds` has one entry a category: the part of a stream's name before the first dash.
    `deadlines(event)` names what the event starts and clears.
    """

    folds: Mapping[str, Fold[Any]]
    decide: Callable[..., Decided]
    deadlines: Callable[[Event], Iterable[Start | Clear]]

    def fold(self, stream: str) -> Fold[Any]:
        """The fold of the stream's category."""
        return self.folds[stream.partition("-")[0]]


@dataclass(frozen=True, slots=True)
class Send:
    """A command that a policy asks for, and the event that it follows from."""

    command: Command
    causation: Recorded[Event]
