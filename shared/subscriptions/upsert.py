"""Upsert and update of one row by its key, for projections."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam
from sqlalchemy import update as update_of
from sqlalchemy.dialects.postgresql import insert

from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection


async def upsert(connection: Connection, table: Table, key: dict[str, Any], **columns: Any) -> None:
    """Writes the columns of the row with that key; other columns keep what they hold, or their default in a new row."""
    await _upsert(table, tuple(key), tuple(columns)).execute(connection, **key, **columns)


async def update(connection: Connection, table: Table, key: dict[str, Any], **columns: Any) -> None:
    """Writes the columns of the row with that key, where there is one."""
    await _update(table, tuple(key), tuple(columns)).execute(connection, **key, **columns)


# Once for each table and set of columns: made anew for every event, the statement would cost more than its execution.
@cache
def _upsert(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Statement:
    row = insert(table)
    changes = {name: row.excluded[name] for name in columns}
    return compiled(row.on_conflict_do_update(index_elements=key, set_=changes), (*key, *columns))


@cache
def _update(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Statement:
    found = (table.c[name] == bindparam(name) for name in key)
    return compiled(update_of(table).where(*found), columns)
