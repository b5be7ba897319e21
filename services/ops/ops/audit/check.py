"""Checks: one promise each, with counts of what was looked at and of what breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 5

Tell = Callable[[str], None]
"""Takes one fault, in one line."""


@dataclass(slots=True)
class Check:
    """One promise: `seen` counts what was looked at, `faults` what breaks it and must be zero."""

    name: str
    faults: dict[str, int]
    seen: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    tell: Tell | None = None
    """Hears of every fault, where a few examples are not enough."""

    @classmethod
    def of(cls, name: str, *faults: str, tell: Tell | None = None) -> Check:
        """A check that knows what can be wrong, and has found nothing yet."""
        return cls(name, dict.fromkeys(faults, 0), tell=tell)

    def see(self, what: str, count: int = 1) -> None:
        """Counts something that was looked at."""
        self.seen[what] = self.seen.get(what, 0) + count

    def fault(self, kind: str, example: object) -> None:
        """Counts a fault of one of the kinds that the check knows; the first few are kept as examples."""
        self.faults[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {example}")
        if self.tell:
            self.tell(f"{kind}: {example}")

    @property
    def ok(self) -> bool:
        return not any(self.faults.values())

    @property
    def line(self) -> str:
        """The counts on one line."""
        return f"{self.name:<28} {' '.join(f'{name}={count}' for name, count in {**self.seen, **self.faults}.items())}"

    @property
    def json(self) -> dict[str, Any]:
        return {
            "promise": self.name,
            "ok": self.ok,
            "seen": self.seen,
            "faults": self.faults,
            "examples": self.examples,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All promises of one audit."""

    checks: Sequence[Check]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def broken(self) -> list[Check]:
        return [check for check in self.checks if not check.ok]

    @property
    def lines(self) -> list[str]:
        """One line a promise."""
        return [check.line for check in self.checks]

    @property
    def json(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [check.json for check in self.checks]}


def repeated(values: Iterable[str]) -> list[str]:
    """Those that come more than once."""
    return [value for value, count in Counter(values).items() if count > 1]
