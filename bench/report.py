"""Benchmark report: goals with their rounds, the gate that fails the command and the target beyond it.

A row is judged only where the machine was steady: where what was measured beside it lies further apart than a bound,
its figure says nothing, and is shown without a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

NOISIEST = 0.5
"""How far the rounds of a reference may lie apart, of their median."""


@dataclass(frozen=True, slots=True)
class Row:
    """One goal. With a reference the figure is our value over the reference's of the same round, else our value in
    `unit`.

    `at_most`: the gate is an upper bound. Without a gate the row is for information. `beside`: what was measured in the
    same rounds to tell how steady the machine was, where that is not the reference.
    """

    goal: str
    unit: str
    ours: Sequence[float]
    reference: Sequence[float] = ()
    reference_name: str = ""
    gate: float | None = None
    target: float | None = None
    at_most: bool = False
    note: str = ""
    beside: Sequence[float] = ()

    @property
    def noise(self) -> float:
        """How far the rounds of what was measured beside lie apart, of their median."""
        steady = self.beside or self.reference
        return (max(steady) - min(steady)) / median(steady) if steady else 0.0

    @property
    def judged(self) -> bool:
        """Whether the machine was steady enough."""
        return self.noise <= NOISIEST

    @property
    def verdict(self) -> str:
        """What the figure reaches."""
        if self.gate is None and self.target is None:
            return ""
        if not self.judged:
            return "not judged"
        if not self.reaches(self.gate):
            return "misses the gate"
        return "target" if self.target is not None and self.reaches(self.target) else "gate"

    @property
    def figures(self) -> list[float]:
        """A figure each round."""
        return (
            [ours / theirs for ours, theirs in zip(self.ours, self.reference, strict=True)]
            if self.reference
            else list(self.ours)
        )

    @property
    def figure(self) -> float:
        """The rounds' median: of the ratios, not the ratio of the medians, because the machine's hour differs from
        round to round.
        """
        return median(self.figures)

    def reaches(self, bound: float | None) -> bool:
        """Whether the figure is on the right side of a bound; always, without one."""
        return bound is None or (self.figure <= bound if self.at_most else self.figure >= bound)

    def data(self) -> dict[str, object]:
        """The row for the file."""
        return {
            "goal": self.goal,
            "unit": self.unit,
            "figure": round(self.figure, 4),
            "rounds": [round(figure, 4) for figure in self.figures],
            "ours": [round(value, 3) for value in self.ours],
            "reference": {"name": self.reference_name, "values": [round(value, 3) for value in self.reference]}
            if self.reference
            else None,
            "gate": self.gate,
            "target": self.target,
            "at_most": self.at_most,
            "noise": round(self.noise, 3),
            "verdict": self.verdict,
            "note": self.note,
        }


def status(rows: Sequence[Row]) -> int:
    """Of the command: 1 where a gate is missed, 2 where a row could not be judged."""
    verdicts = {row.verdict for row in rows}
    return 1 if "misses the gate" in verdicts else 2 if "not judged" in verdicts else 0


def write(rows: Sequence[Row], machine: Mapping[str, object], path: Path) -> None:
    """The report as JSON."""
    report = {"status": status(rows), "machine": machine, "rows": [row.data() for row in rows]}
    path.write_text(json.dumps(report, indent=2) + "\n")


def show(rows: Sequence[Row], machine: Mapping[str, object]) -> None:
    """The report as a table on standard output."""
    table = Table("goal", "ours", "reference", "figure [min-max]", "gate", "target", "noise", "")
    for row in rows:
        table.add_row(*_cells(row))
    console = Console(width=170)
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.goal}: {row.note}", soft_wrap=True, highlight=False)
    console.print(", ".join(f"{name}: {value}" for name, value in machine.items()), soft_wrap=True, highlight=False)
    console.print(f"not judged: what was measured beside it lies further apart than {NOISIEST:.0%} of its median")


def _cells(row: Row) -> Sequence[str]:
    times = "x" if row.reference else ""
    return (
        row.goal,
        f"{_number(median(row.ours))} {row.unit}",
        f"{_number(median(row.reference))} {row.reference_name}" if row.reference else "",
        f"{_number(row.figure)}{times} [{_number(min(row.figures))}-{_number(max(row.figures))}]",
        _bound(row, row.gate),
        _bound(row, row.target),
        f"{row.noise:.0%}" if row.beside or row.reference else "",
        row.verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bound(row: Row, bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{'≤' if row.at_most else '≥'} {bound:g}{'x' if row.reference else ''}"
