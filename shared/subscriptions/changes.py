"""Changes: what a projection makes of an event, row by row; a plain value, so that it can be written in two ways.

`row_by_row` is the reference: one statement a change. `folded` writes a batch at once: the rows that it touches are
read by one statement a table, changed in memory, and written by one (ADR 36).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table

from shared.events.envelope import Recorded
from shared.subscriptions import rows
from shared.subscriptions.statements import Statement

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

Row = dict[str, Any]
Computed = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a row as it stands to the columns that change."""


@dataclass(slots=True)
class Change:
    """One row's change. `makes`: a row is made where there is none; `keeps`: a row that is there stays as it is."""

    table: Table
    key: tuple[Any, ...]
    columns: Mapping[str, Any] | Computed
    makes: bool = False
    keeps: bool = False


@dataclass(slots=True)
class Note:
    """A statement to run once the rows are written, of which another table than the read model's is told."""

    statement: Statement
    values: Mapping[str, Any]


Changes = Callable[[Recorded[Any]], Iterable[Change | Note]]
"""A projection: one arm an event. It reads no row; what follows from a row is a `Computed`."""
Project = Callable[["Connection", Recorded[Any]], Awaitable[None]]
ProjectAll = Callable[["Connection", Sequence[Recorded[Any]]], Awaitable[None]]


def upsert(table: Table, *key: Any, **columns: Any) -> Change:
    """Writes the columns of the row with that key; other columns keep what they hold, or their default in a new row."""
    return Change(table, key, columns, makes=True)


def update(table: Table, *key: Any, **columns: Any) -> Change:
    """Writes the columns of the row with that key, where there is one."""
    return Change(table, key, columns)


def change(table: Table, *key: Any, by: Computed) -> Change:
    """Writes what follows from the row with that key, where there is one."""
    return Change(table, key, by)


def insert(table: Table, *key: Any, **columns: Any) -> Change:
    """Makes the row with that key where there is none; no other kind of change goes to such a table."""
    return Change(table, key, columns, makes=True, keeps=True)


def row_by_row(changes: Changes, streams: tuple[str, ...]) -> Project:
    """Writes an event's changes one by one; events of streams that do not begin so are passed over."""

    async def project(connection: Connection, recorded: Recorded[Any]) -> None:
        for each in changes(recorded) if recorded.stream.startswith(streams) else ():
            if isinstance(each, Note):
                await each.statement.execute(connection, **each.values)
            else:
                await _write(connection, each)

    return project


async def _write(connection: Connection, each: Change) -> None:
    columns = each.columns
    if callable(columns):
        found = await rows.find(connection, each.table, [each.key])
        columns = columns(found[each.key]) if each.key in found else {}
    if each.makes:
        await rows.upsert(connection, each.table, each.key, columns, keep=each.keeps)
    elif columns:
        await rows.update(connection, each.table, each.key, columns)


def folded(changes: Changes, streams: tuple[str, ...]) -> ProjectAll:
    """Writes a batch's changes at once; events of streams that do not begin so are passed over."""

    async def project_all(connection: Connection, batch: Sequence[Recorded[Any]]) -> None:
        fold = Fold()
        fold.add(each for recorded in batch if recorded.stream.startswith(streams) for each in changes(recorded))
        for table, keys in fold.unread():
            fold.found(table, await rows.find(connection, table, keys))
        for table, changed, keep in fold.apply():
            await rows.write_all(connection, table, changed, keep)
        for note in fold.notes:
            await note.statement.execute(connection, **note.values)

    return project_all


class Fold:
    """Rows in memory, and the changes that go to them."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._changes: dict[Table, list[Change]] = {}
        self._rows: dict[Table, dict[tuple[Any, ...], Row]] = {}

    def add(self, changes: Iterable[Change | Note]) -> None:
        """Changes to be applied, in order."""
        for each in changes:
            if isinstance(each, Note):
                self.notes.append(each)
            else:
                self._changes.setdefault(each.table, []).append(each)

    def unread(self) -> Iterable[tuple[Table, Sequence[tuple[Any, ...]]]]:
        """By table: the keys whose rows must be known first."""
        for table, changes in self._changes.items():
            if keys := {each.key: None for each in changes if not each.keeps}:
                yield table, list(keys)

    def found(self, table: Table, found: Mapping[tuple[Any, ...], Row]) -> None:
        """The rows that are there."""
        self._rows.setdefault(table, {}).update(found)

    def apply(self) -> Iterable[tuple[Table, Sequence[Row], bool]]:
        """By table: the rows as the changes leave them, and whether those that are there stay as they are."""
        for table, changes in self._changes.items():
            held, changed = self._rows.setdefault(table, {}), dict[tuple[Any, ...], Row]()
            new = rows.new(table)
            for each in changes:
                if (row := held.get(each.key)) is None:
                    if not each.makes:
                        continue
                    row = held[each.key] = new(each.key)
                elif each.keeps:
                    continue
                row.update(each.columns(row) if callable(each.columns) else each.columns)
                changed[each.key] = row
            if changed:
                yield table, list(changed.values()), changes[0].keeps
        self._changes = {}
