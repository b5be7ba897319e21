"""Benchmark report: goals with their rounds, the gate that fails the command and the target beyond it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One goal. With a reference the figure is our value over the reference's of the same round, else our value in
    `unit`.

    `at_most`: the gate is an upper bound. Without a gate the row is for information.
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
            "passed": self.reaches(self.gate),
            "note": self.note,
        }


def write(rows: Sequence[Row], path: Path) -> None:
    """The report as JSON."""
    path.write_text(
        json.dumps(
            {"passed": all(row.reaches(row.gate) for row in rows), "rows": [row.data() for row in rows]}, indent=2
        )
        + "\n"
    )


def show(rows: Sequence[Row]) -> None:
    """The report as a table on standard output."""
    table = Table("goal", "ours", "reference", "figure [min-max]", "gate", "target", "")
    for row in rows:
        reference = f"{median(row.reference):,.0f} {row.reference_name}" if row.reference else ""
        span = f"{row.figure:,.2f}{'x' if row.reference else ''} [{min(row.figures):,.2f}-{max(row.figures):,.2f}]"
        verdict = (
            "below the gate"
            if not row.reaches(row.gate)
            else ""
            if row.target is None
            else "target"
            if row.reaches(row.target)
            else "gate"
        )
        table.add_row(
            row.goal,
            f"{median(row.ours):,.0f} {row.unit}",
            reference,
            span,
            _bound(row, row.gate),
            _bound(row, row.target),
            verdict,
        )
    Console(width=170).print(table)


def _bound(row: Row, bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{'≤' if row.at_most else '≥'} {bound:g}{'x' if row.reference else ''}"
