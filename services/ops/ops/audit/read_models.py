"""Read models = fold: every row is what the events of its subject make of it, up to the position that the row names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.audit.check import Check

Values = Mapping[str, Any]


@dataclass(slots=True)
class Subject:
    """What one row must show: the values after the last event that it includes, and where its last event stands."""

    limit: int
    values: Values | None = None
    position: int = 0
    last: int = 0


class ModelCheck:
    """Compares one row after the other; every event up to `included` must be in them."""

    def __init__(self, name: str, included: int) -> None:
        self.check = Check.of(f"read model {name}", "wrong", "missing", "extra", "behind")
        self.check.see("rows", 0)
        self._included = included

    def subject(self, row: Values | None) -> Subject:
        """A row's expectation; without a row, what it would be if it included all that it must."""
        return Subject(row["position"] if row else self._included)

    def see(self, subject: Subject, position: int, values: Values | None) -> None:
        """An event of the subject, and the row's values after it."""
        if position <= subject.limit:
            subject.values, subject.position = values, position
        if position <= self._included:
            subject.last = position

    def compare(self, key: str, subject: Subject, row: Values | None) -> None:
        """The row beside what it must show."""
        if row is None:
            if subject.values is not None:
                self.check.fault("missing", key)
            return
        self.check.see("rows")
        if row["position"] < subject.last:
            self.check.fault("behind", f"{key} is at {row['position']}, its last event at {subject.last}")
        if row["position"] != subject.position:
            self.check.fault("wrong", f"{key}: position {row['position']} holds no event of its own")
        elif subject.values is None:
            self.check.fault("extra", f"{key}: it should have no row")
        elif difference := _difference(row, subject.values):
            self.check.fault("wrong", f"{key}: {difference}")

    def unknown(self, key: str) -> None:
        """A row without any event."""
        self.check.see("rows")
        self.check.fault("extra", f"{key}: the log knows nothing of it")


def _difference(found: Values, expected: Values) -> str:
    """What is not the same, for the columns that are expected."""
    wrong = [name for name in expected if found.get(name) != expected[name]]
    return ", ".join(f"{name} is {found.get(name)!r} and not {expected[name]!r}" for name in wrong)
