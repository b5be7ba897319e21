"""Audit of the torture: checks of the log once all clients are done; each function returns the faults that it found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


def order_faults(log: Sequence[Row]) -> list[str]:
    """Positions and versions count from 1 without a hole, in commit order."""
    faults = [
        f"position {row['position']} in place {place}" for place, row in enumerate(log, 1) if row["position"] != place
    ]
    lengths: Counter[str] = Counter()
    for row in log:
        lengths[row["stream"]] += 1
        if row["version"] != lengths[row["stream"]]:
            faults.append(f"{row['stream']}/{row['version']} stands in place {lengths[row['stream']]}")
    return faults


def content_faults(log: Sequence[Row]) -> list[str]:
    """Each event's total follows from the one before: nobody decided on an old state."""
    totals: Counter[str] = Counter()
    faults = []
    for row in log:
        totals[row["stream"]] += row["data"]["amount"]
        if row["data"]["total"] != totals[row["stream"]] or totals[row["stream"]] < 0:
            faults.append(
                f"{row['stream']}/{row['version']} says {row['data']['total']}, the log {totals[row['stream']]}"
            )
    return faults


def command_faults(log: Sequence[Row], wanted: Sequence[tuple[Any, int | None]]) -> list[str]:
    """What was told is there once and whole, at the position told; what was refused is not there."""
    found = defaultdict(list)
    for row in log:
        found[row["metadata"]["command_id"]].append(row)
    faults = []
    for asked, told in wanted:
        rows = found.pop(str(asked.command_id), [])
        expected = [(asked.stream, asked.amount)] + ([(asked.into, -asked.amount)] if asked.into else [])
        if [(row["stream"], row["data"]["amount"]) for row in rows] != (expected if told else []):
            faults.append(f"{asked.command_id}: told {told}, found {len(rows)} events of {len(expected)}")
        elif told and [row["position"] for row in rows] != list(range(told - len(rows) + 1, told + 1)):
            faults.append(f"{asked.command_id}: told {told}, found at {[row['position'] for row in rows]}")
    return faults + [f"nobody asked for {command_id}" for command_id in found]


def side_faults(log: Sequence[Row], due: Mapping[str, Any], texts: Counter[str]) -> list[str]:
    """Deadlines are what the log says, and each command has its text once."""
    expected: dict[str, datetime] = {}
    for row in log:
        if row["data"]["reminded"]:
            expected.pop(row["stream"], None)
        if row["data"]["remind_at"]:
            expected[row["stream"]] = datetime.fromisoformat(row["data"]["remind_at"])
    faults = [] if expected == due else [f"{len(due)} deadlines, {len(expected)} follow from the log"]
    refs = Counter({f"txt_{row['metadata']['command_id'].replace('-', '')}" for row in log})
    return faults + ([] if refs == texts else [f"{texts.total()} texts for {refs.total()} commands"])
