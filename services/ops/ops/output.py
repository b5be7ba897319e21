"""Output: results on stdout as tables or JSON, and a progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from shared.events.base import wire_time

NARROWEST = 120
"""Columns where the output is no terminal: lines of a log file are not broken."""


def console(json: bool = False) -> Console:
    """Where a command prints what it does: stdout, or stderr where stdout belongs to JSON."""
    terminal = Console(stderr=json, highlight=False, markup=False)
    return terminal if terminal.is_terminal else Console(stderr=json, highlight=False, markup=False, width=NARROWEST)


def progress(output: Console, *columns: Any) -> Progress:
    """A bar with count and time; nothing where the output is no terminal."""
    shown = columns or (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*shown, console=output, disable=not output.is_terminal)


def table(title: str, rows: Iterable[Sequence[Any]], *names: str) -> Table:
    """Rows under their names; columns of numbers are aligned right."""
    rows = [[_plain(value) for value in row] for row in rows]
    shown = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for index, name in enumerate(names):
        numbers = bool(rows) and all(row[index].replace("-", "").isdigit() for row in rows)
        shown.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    return shown


def show(value: Sequence[Mapping[str, Any]] | Mapping[str, Any], json: bool, title: str = "") -> None:
    """A result: one JSON document, or a table with a row for each of several things, or a line a member of a single
    one.
    """
    if json:
        sys.stdout.write(to_json(value, indent=2).decode() + "\n")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            print(f"{name:<16} {_plain(member)}")
    else:
        names = list(dict.fromkeys(name for row in value for name in row))
        console().print(
            table(title, ([row.get(name) for name in names] for row in value), *names) if value else f"{title}: none"
        )


def _plain(value: Any) -> str:
    match value:
        case None:
            return "-"
        case {"amount": amount, "currency": currency}:
            return f"{amount} {currency}"
        case datetime():
            return wire_time(value)
        case dict() | list() | tuple():
            return ", ".join(map(_plain, value.values() if isinstance(value, dict) else value))
        case _:
            return str(value)
