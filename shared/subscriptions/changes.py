"""Changes: what a projection makes of an event, row by row; a plain value, so that it can be written in two ways.

`row_by_row` is the reference: one statement a change. `folded` writes a batch at once: the rows that it touches are
read by one statement a table, changed in memory, and written by one (ADR 36).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table

from shared.events.envelope import Recorded
from shared.subscriptions import rows
from shared.subscriptions.statements import Statement

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

Key = rows.Key
Row = rows.Row
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


def only(kind: type[Any], changes: Changes) -> Changes:
    """These changes for events of one kind: a read model of few events is not asked about the others."""
    return lambda recorded: changes(recorded) if isinstance(recorded.event, kind) else ()


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
        made = [each for recorded in batch if recorded.stream.startswith(streams) for each in changes(recorded)]
        fold = Fold()
        for table, keys in _unread(made).items():
            fold.found(table, await rows.find(connection, table, list(keys)))
        fold.add(made)
        for table, changed in fold.done():
            await rows.write_all(connection, table, changed, keep=table in fold.keeping)
        for note in fold.notes:
            await note.statement.execute(connection, **note.values)

    return project_all


def _unread(made: Iterable[Change | Note]) -> Mapping[Table, Mapping[Key, None]]:
    """By table: the keys whose rows must be known first."""
    keys: dict[Table, dict[Key, None]] = {}
    for each in made:
        if isinstance(each, Change) and not each.keeps:
            keys.setdefault(each.table, {})[each.key] = None
    return keys


class Fold:
    """Rows in memory, and what changes make of them."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.keeping: set[Table] = set()
        self._tables: dict[Table, _Rows] = {}

    def found(self, table: Table, found: Mapping[Key, Row]) -> None:
        """The rows that are there."""
        self._of(table).held.update(found)

    def add(self, changes: Iterable[Change | Note]) -> None:
        """Changes the rows, in order."""
        for each in changes:
            if isinstance(each, Note):
                self.notes.append(each)
            else:
                (self._tables.get(each.table) or self._of(each.table)).change(each)
                if each.keeps:
                    self.keeping.add(each.table)

    def done(self, all_of_them: bool = True) -> Iterator[tuple[Table, Sequence[Row]]]:
        """By table: the rows that were changed, which are then forgotten; or those alone of tables to which rows are
        only added.
        """
        for table in list(self._tables if all_of_them else self.keeping):
            if (part := self._tables.pop(table, None)) and part.changed:
                yield table, list(part.changed.values())

    def _of(self, table: Table) -> _Rows:
        return self._tables.setdefault(table, _Rows(rows.new(table)))


class _Rows:
    """One table's."""

    __slots__ = ("_new", "changed", "held")

    def __init__(self, new: Callable[[Key], Row]) -> None:
        self.held: dict[Key, Row] = {}
        self.changed: dict[Key, Row] = {}
        self._new = new

    def change(self, each: Change) -> None:
        """Changes the row, and makes it where it is to be made."""
        row, columns = self.held.get(each.key), each.columns
        if row is None:
            if not each.makes:
                return
            row = self.held[each.key] = self._new(each.key)
        elif each.keeps:
            return
        row.update(columns(row) if callable(columns) else columns)
        self.changed[each.key] = row
