"""Rows of a read model's tables: found by their keys, written one by one or many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, DateTime, Integer, Table, Text, bindparam
from sqlalchemy import update as update_of
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_into

from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

Key = tuple[Any, ...]
Row = dict[str, Any]
NO_LIMIT = 24 * 3600.0
"""Seconds: for who waits as long as it takes."""

_TYPES = {
    BigInteger: "bigint",
    Integer: "integer",
    Boolean: "boolean",
    DateTime: "timestamptz",
    Date: "date",
    Text: "text",
}
_AS_TEXT = {ARRAY: "text[]", JSONB: "jsonb"}
"""Sent as text and read by the database: an array of arrays would lose its rows' ends."""


@cache
def new(table: Table) -> Callable[[Key], Row]:
    """Makes a row that holds its key and, as the database would, the defaults of all other columns."""
    key = _key(table)
    empty = {column.name: _default(column) for column in table.c}
    return lambda values: {**empty, **dict(zip(key, values, strict=True))}


async def find(connection: Connection, table: Table, keys: Sequence[Key]) -> dict[Key, Row]:
    """The rows with these keys, by key."""
    names = _key(table)
    found = await connection.fetch(_find(table), *(list(column) for column in zip(*keys, strict=True)))
    return {tuple(row[name] for name in names): dict(row) for row in found}


async def upsert(connection: Connection, table: Table, key: Key, columns: Mapping[str, Any], keep: bool) -> None:
    """Writes these columns of the row, or leaves it as it is where it is there and is to be kept."""
    names = _key(table)
    statement = _upsert(table, tuple(columns), keep)
    await statement.execute(connection, **dict(zip(names, key, strict=True)), **columns)


async def update(connection: Connection, table: Table, key: Key, columns: Mapping[str, Any]) -> None:
    """Writes these columns of the row, where there is one."""
    named = dict(zip(_key(table), key, strict=True))
    await _update(table, tuple(columns)).execute(connection, **named, **columns)


async def write_all(connection: Connection, table: Table, changed: Sequence[Row], keep: bool) -> None:
    """Writes whole rows, or of them those alone that are not there yet."""
    columns = [
        [_literal(row[column.name]) for row in changed]
        if isinstance(column.type, ARRAY)
        else [row[column.name] for row in changed]
        for column in table.c
    ]
    await connection.execute(_write_all(table, keep), *columns)


async def copy(connection: Connection, table: Table, made: Sequence[Row]) -> None:
    """Writes new rows of a table that holds none of them."""
    names = [column.name for column in table.c]
    values = map(itemgetter(*names), made)
    await connection.copy_records_to_table(table.name, records=values, columns=names, timeout=NO_LIMIT)


def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _default(column: Column[Any]) -> Any:
    if column.server_default is None:
        return None
    if isinstance(column.type, ARRAY):
        return []
    return False if isinstance(column.type, Boolean) else 0


def _type(column: Column[Any]) -> str:
    return next(name for kind, name in (_TYPES | _AS_TEXT).items() if isinstance(column.type, kind))


def _literal(values: Sequence[str] | None) -> str | None:
    """A list of texts as PostgreSQL reads it."""
    if values is None:
        return None
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


# Once for each table and set of columns: made anew for every event, the statement would cost more than its execution.
@cache
def _find(table: Table) -> str:
    names = _key(table)
    arrays = ", ".join(f"${n}::{_type(table.c[name])}[]" for n, name in enumerate(names, 1))
    same = " and ".join(f"t.{name} = wanted.{name}" for name in names)
    columns = ", ".join(f"t.{column.name}" for column in table.c)
    wanted = f"unnest({arrays}) as wanted ({', '.join(names)})"
    return f"select {columns} from {table.name} t join {wanted} on {same}"  # noqa: S608 - our own tables' names


@cache
def _write_all(table: Table, keep: bool) -> str:
    names = [column.name for column in table.c]
    sent = [isinstance(column.type, tuple(_AS_TEXT)) for column in table.c]
    arrays = (
        f"${n}::{'text' if as_text else _type(column)}[]"
        for n, (column, as_text) in enumerate(zip(table.c, sent, strict=True), 1)
    )
    values = (
        f"new.{column.name}::{_type(column)}" if as_text else f"new.{column.name}"
        for column, as_text in zip(table.c, sent, strict=True)
    )
    others = ", ".join(f"{name} = excluded.{name}" for name in names if name not in _key(table))
    conflict = "do nothing" if keep else f"do update set {others}"
    new, key = f"unnest({', '.join(arrays)}) as new ({', '.join(names)})", ", ".join(_key(table))
    into = f"insert into {table.name} ({', '.join(names)})"
    return f"{into} select {', '.join(values)} from {new} on conflict ({key}) {conflict}"  # noqa: S608 - likewise


@cache
def _upsert(table: Table, columns: tuple[str, ...], keep: bool) -> Statement:
    row = insert_into(table)
    key = _key(table)
    if keep:
        return compiled(row.on_conflict_do_nothing(), (*key, *columns))
    changes = {name: row.excluded[name] for name in columns}
    return compiled(row.on_conflict_do_update(index_elements=key, set_=changes), (*key, *columns))


@cache
def _update(table: Table, columns: tuple[str, ...]) -> Statement:
    found = (table.c[name] == bindparam(name) for name in _key(table))
    return compiled(update_of(table).where(*found), columns)
