"""Check that a stack runs, for commands that would wait long for one that does not."""

from __future__ import annotations

import asyncpg

from ops.client import Api, Call, Unreachable
from ops.stack import SERVICES, Stack

LIMIT = 5.0


async def check_running(stack: Stack, api: Api) -> None:
    """Unreachable where a database or the sandbox does not answer; each is asked once."""
    for service in SERVICES:
        await _check_database(stack, service)
    if stack.settings.mode == "sandbox":
        await api.send(Call("sandbox", "GET", "/clock", limit=LIMIT), tries=1)


async def _check_database(stack: Stack, service: str) -> None:
    try:
        connection = await asyncpg.connect(stack.dsn(service), timeout=LIMIT)
    except (OSError, TimeoutError) as error:
        raise Unreachable(
            f"no stack runs here: the database of {service} does not answer ({str(error) or type(error).__name__})"
        ) from None
    await connection.close()
