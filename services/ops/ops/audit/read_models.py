"""Read models = fold: every row is what the log makes of its subject up to the position that the row names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ops.audit.check import Check
from shared.events.base import Event
from shared.events.envelope import Recorded

S = TypeVar("S")
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a read model: which position it includes, and its values by name."""

    position: int
    values: Values


@dataclass(frozen=True, slots=True)
class Model(Generic[S]):
    """How a read model follows from the log: whose row an event changes, the fold of those events, and the row of a
    state.

    `row(key, state)` is None while the subject has no row. `query` reads the rows, each with its `position`; the column
    `key` says whose it is.
    `subscription` is the one that keeps them; `read` makes a row's values comparable.
    """

    name: str
    subscription: str
    query: str
    key: str
    subject: Callable[[Recorded[Event]], str | None]
    initial: S
    evolve: Callable[[S, Recorded[Event]], S]
    row: Callable[[str, S], Values | None]
    read: Callable[[Mapping[str, Any]], Values] = dict


@dataclass(slots=True)
class _Subject(Generic[S]):
    state: S
    position: int = 0
    last: int = 0


class ModelCheck(Generic[S]):
    """Folds the log beside the rows; every event up to `included` must be in them."""

    def __init__(self, model: Model[S], rows: Mapping[str, Row], included: int) -> None:
        self.check = Check.of(f"read model {model.name}", "wrong", "missing", "extra", "behind")
        self._model = model
        self._rows = rows
        self._included = included
        self._subjects: dict[str, _Subject[S]] = {}

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of the log."""
        if (key := self._model.subject(recorded)) is None:
            return
        subject = self._subjects.setdefault(key, _Subject(self._model.initial))
        row = self._rows.get(key)
        if recorded.position <= (row.position if row else self._included):
            subject.state, subject.position = self._model.evolve(subject.state, recorded), recorded.position
        if recorded.position <= self._included:
            subject.last = recorded.position

    def result(self) -> Check:
        """What was found."""
        self.check.see("rows", len(self._rows))
        for key in sorted(self._rows.keys() - self._subjects.keys()):
            self.check.fault("extra", f"{key}: the log knows nothing of it")
        for key, subject in self._subjects.items():
            self._compare(key, subject, self._rows.get(key))
        return self.check

    def _compare(self, key: str, subject: _Subject[S], row: Row | None) -> None:
        expected = self._model.row(key, subject.state)
        if row is None:
            if expected is not None:
                self.check.fault("missing", key)
            return
        if row.position < subject.last:
            self.check.fault("behind", f"{key} is at {row.position}, its last event at {subject.last}")
        if row.position != subject.position:
            self.check.fault("wrong", f"{key}: position {row.position} holds no event of its own")
        elif expected is None:
            self.check.fault("extra", f"{key}: it should have no row")
        elif difference := _difference(row.values, expected):
            self.check.fault("wrong", f"{key}: {difference}")


def _difference(found: Values, expected: Values) -> str:
    """What is not the same, for the columns that are expected."""
    wrong = [name for name in expected if found.get(name) != expected[name]]
    return ", ".join(f"{name} is {found.get(name)!r} and not {expected[name]!r}" for name in wrong)
