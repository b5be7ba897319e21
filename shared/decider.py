"""Decider: the pure centre of a service. It knows only the language of `shared.events`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, ClassVar, Generic, TypeVar

from shared.events.base import Command, Event, Recorded

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """How one category of streams becomes state: where it begins and how one event moves it."""

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


class Rejected(Exception):
    """A domain refusal: nothing was appended. The code is the class's name in snake case.

    `rules` are the rule ids that say no; `members` become members of the problem (instants, actions, hints);
    `errors` name the fields at fault: `{"pointer", "code", "detail"}`.
    """

    rules: ClassVar[tuple[str, ...]] = ()

    def __init__(self, detail: str = "", *, rules: Sequence[str] = (), errors: Sequence[Mapping[str, Any]] = (), **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cited = tuple(rules) or type(self).rules
        self.errors = tuple(errors)
        self.members = members

    @property
    def code(self) -> str:
        return snake_case(type(self).__name__)


class NotFound(Rejected):
    """There is no such thing for this caller: unknown, or somebody else's."""


class Forbidden(Rejected):
    """The caller may see it, but this is not for the caller's role."""


def snake_case(name: str) -> str:
    """`TooEarly` becomes `too_early`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
