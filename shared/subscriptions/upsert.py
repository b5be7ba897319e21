"""The one statement that most arms of a projection are: a row's named columns, inserted or overwritten."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection


async def upsert(connection: Connection, table: str, key: dict[str, Any], **columns: Any) -> None:
    """Writes the columns of the row with that key; other columns keep what they hold, or their default in a new row."""
    await connection.execute(_statement(table, tuple(key), tuple(columns)), *key.values(), *columns.values())


async def update(connection: Connection, table: str, key: dict[str, Any], **columns: Any) -> None:
    """Writes the columns of the row with that key, where there is one."""
    await connection.execute(_update(table, tuple(key), tuple(columns)), *key.values(), *columns.values())


@cache
def _statement(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    names = (*key, *columns)
    values = ", ".join(f"${i}" for i in range(1, len(names) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    row = f"{table} ({', '.join(names)}) values ({values})"
    return f"insert into {row} on conflict ({', '.join(key)}) do update set {changes}"


@cache
def _update(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = ${i}" for i, name in enumerate(columns, len(key) + 1))
    found = " and ".join(f"{name} = ${i}" for i, name in enumerate(key, 1))
    return f"update {table} set {changes} where {found}"  # noqa: S608 - names from our own code
