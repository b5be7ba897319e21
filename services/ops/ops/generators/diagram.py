"""Diagram of a dispute's states: the table of transitions as Mermaid, for the rule book's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.transitions import TABLE, Told, Transition

FIRST = "    [*] --> awaiting_seller: T1 open"


def diagram() -> str:
    """Every change of state, with the rules and steps that bring it about; what stays in its state is left out."""
    arrows = [f"    {start} --> {end}: {', '.join(labels)}" for (start, end), labels in _arrows().items()]
    return "\n".join(("```mermaid", "stateDiagram-v2", FIRST, *arrows, "    closed --> [*]", "```"))


def _arrows() -> Mapping[tuple[str, str], Sequence[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for start, end in _changes(row):
            found.setdefault((start, end), []).append(_label(row))
    return found


def _changes(row: Transition) -> Iterator[tuple[str, str]]:
    return ((start, end) for start in row.states for end in row.to if start is not end)


def _label(row: Transition) -> str:
    match row.step:
        case DeadlineKind():
            return f"{row.rule} time"
        case Told():
            return f"{row.rule} {row.step.replace('_', ' ')}"
        case step:
            return f"{row.rule} {step}"
