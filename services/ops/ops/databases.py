"""Queries of the services' databases, for the commands that look into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from ops.stack import Stack, chosen


async def query(service: str | None, statement: str, *values: Any) -> list[Mapping[str, Any]]:
    """The rows of the service's database, or of every service's, each with the service's name."""
    stack = Stack.load()
    found: list[Mapping[str, Any]] = []
    for name in chosen(service):
        connection = await asyncpg.connect(stack.dsn(name), timeout=10, command_timeout=30)
        try:
            found += [{"service": name, **dict(row)} for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()
    return found
