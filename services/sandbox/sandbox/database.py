"""The sandbox's database: one pool, on a server that forgets nothing it has acknowledged."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg

from shared.eventstore.connections import bounded_pool

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

CONNECTIONS = 16
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
SESSION = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
    "default_transaction_isolation": "read committed",
}


@contextlib.asynccontextmanager
async def open_pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool on the database at this address; RuntimeError where the server would forget what it has acknowledged."""
    async with bounded_pool(dsn, CONNECTIONS, SESSION, reset=_keep_session) as pool:
        await _assert_durable(pool)
        yield pool


async def _keep_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Resets nothing: no statement here changes the session, and a reset costs as much as a query."""


async def _assert_durable(pool: Pool) -> None:
    for name, value in DURABLE.items():
        if (found := await pool.fetchval("select current_setting($1)", name)) != value:
            raise RuntimeError(f"PostgreSQL runs with {name} = {found}: money is only safe with {value}")
