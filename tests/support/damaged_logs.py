"""Damaged logs: what is changed in the databases of services that have lived, and how they are put right again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from shared.events import codec
from shared.events.base import Event

TABLES = """
select table_name from information_schema.tables
where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'interventions'
"""
_APPENDED = """
insert into events (position, stream, version, key, type, data, metadata, recorded_at)
select max(position) + 1, $1, 1 + (select coalesce(max(version), 0) from events where stream = $1), 'o1', $2, $3,
    jsonb_build_object('at', '2026-03-20T00:00:00.000000Z', 'actor', 'nobody', 'command_id', gen_random_uuid()),
    clock_timestamp() - interval '1 hour'
from events
"""


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def damage(dsn: str, statement: str) -> None:
    """Changes what stands in a database, the log included."""
    async with connected(dsn) as connection:
        await connection.execute("alter table events disable trigger user")
        assert not (await connection.execute(statement)).endswith(" 0"), f"it changed nothing: {statement}"


async def smuggle(dsn: str, stream: str, *events: Event) -> None:
    """Appends what nobody has decided."""
    async with connected(dsn) as connection:
        for event in events:
            name, data = codec.encode(event)
            await connection.execute(_APPENDED, stream, name, data.decode())


async def keep(dsn: str) -> None:
    """Lays a copy of every table beside them."""
    async with connected(dsn) as connection:
        await connection.execute("create schema kept")
        for (table,) in await connection.fetch(TABLES):
            await connection.execute(f'create table kept."{table}" as table public."{table}"')


async def restore(dsn: str) -> None:
    """Everything is as it was kept."""
    async with connected(dsn) as connection, connection.transaction():
        await connection.execute("alter table events disable trigger user")
        for (table,) in await connection.fetch(TABLES):
            await connection.execute(f'delete from public."{table}"')
            await connection.execute(f'insert into public."{table}" table kept."{table}"')


def changed(type_name: str, value: str, where: str = "true") -> str:
    """A statement that changes the data of the first such event."""
    first = f"select min(position) from events where type = 'makewhole.{type_name}.v1' and {where}"
    return f"update events set data = data || '{value}' where position = ({first})"
