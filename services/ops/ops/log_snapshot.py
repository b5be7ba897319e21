"""Log snapshot: a service's log and its deadlines as of one moment, for the commands that read them whole."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from pydantic_core import from_json

from shared.deadlines.from_log import Due, Place
from shared.events.envelope import Stored

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PAGE = 1000
LIMIT = 60.0

_LOG = """
select stream, version, position, key, type, data::text as data, metadata::text as metadata from events
order by position
"""


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """One service's database in one read-only transaction."""

    connection: Connection

    async def events(self) -> AsyncIterator[Stored]:
        """The log from its beginning, as it is stored."""
        async for row in self.connection.cursor(_LOG, prefetch=PAGE):
            yield Stored(**{**row, "data": row["data"].encode(), "metadata": from_json(row["metadata"])})

    async def deadlines(self) -> dict[Place, Due]:
        """What is due when and under which key, by stream and kind."""
        rows = await self.connection.fetch("select stream, kind, due_at, key from deadlines")
        return {(row["stream"], row["kind"]): Due(row["due_at"], row["key"]) for row in rows}


@contextlib.asynccontextmanager
async def open_snapshot(dsn: str) -> AsyncIterator[LogSnapshot]:
    """The database as of now, whatever is written meanwhile."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=LIMIT)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield LogSnapshot(connection)
    finally:
        await connection.close()
