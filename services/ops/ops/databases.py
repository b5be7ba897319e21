"""Queries of the services' databases, for the commands that look into them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import asyncpg

from ops.stack import Stack, chosen

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def query(service: str | None, statement: str, *values: Any) -> list[Mapping[str, Any]]:
    """The rows of the service's database, or of every service's, each with the service's name."""
    stack = Stack.load()
    found: list[Mapping[str, Any]] = []
    for name in chosen(service):
        async with connected(stack.dsn(name)) as connection:
            found += [{"service": name, **dict(row)} for row in await connection.fetch(statement, *values)]
    return found


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """A connection for a command's one question or change."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=30)
    try:
        yield connection
    finally:
        await connection.close()
