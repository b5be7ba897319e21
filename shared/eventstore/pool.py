"""The pool of connections that relay, subscriptions, due loop and read models share in one process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg

from shared.eventstore.session import CONNECT_LIMIT, ROLE, SESSION, TAKE_ROLE

if TYPE_CHECKING:
    from shared.eventstore.checkpoints import Pool

COMMAND_LIMIT = 10.0
CLOSE_LIMIT = 5.0
SIZE = 8


@contextlib.asynccontextmanager
async def open_pool(dsn: str, size: int = SIZE) -> AsyncIterator[Pool]:
    """A pool whose connections have the store's time limits and the application's role, closed at the end within 5 s."""
    settings = {**SESSION, "jit": "off", "application_name": "makewhole flow"}
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        init=_take_role,
        reset=_nothing,
        timeout=CONNECT_LIMIT,
        command_timeout=COMMAND_LIMIT,
        server_settings=settings,
    )
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await pool.close()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pool.terminate()


async def _take_role(connection: Any) -> None:
    await connection.execute(TAKE_ROLE, ROLE)


async def _nothing(connection: Any) -> None:
    """Instead of the reset query at each release, a round trip by itself: nobody here changes a session's settings."""
