"""A service's log as its database holds it, for tests that look behind the HTTP API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.process.addresses import database_name, database_url
from tests.e2e.client import SERVICES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logs:
    """The databases of the three services."""

    connections: dict[str, asyncpg.Connection[asyncpg.Record]]

    async def rows(self, service: str, query: str, *values: Any) -> list[Row]:
        return [dict(row) for row in await self.connections[service].fetch(query, *values)]

    async def events(self, service: str, stream: str) -> list[Row]:
        """The stream's events, in order, their data and metadata parsed."""
        rows = await self.rows(service, "select * from events where stream = $1 order by version", stream)
        return [
            row | {name: json.loads(row[name]) for name in ("data", "metadata")} | {"name": _name(row["type"])}
            for row in rows
        ]

    async def heads(self) -> tuple[int, ...]:
        """The last position and the number of texts of each service: what grows when something is recorded."""
        query = "select coalesce((select max(position) from events), 0) + (select count(*) from personal)"
        return tuple([(await self.rows(service, f"{query} as head"))[0]["head"] for service in SERVICES])


def at(row: Row) -> datetime:
    """The domain's instant of the event."""
    return datetime.fromisoformat(row["metadata"]["at"])


def _name(kind: str) -> str:
    return kind.split(".")[1]


@asynccontextmanager
async def unchanged(logs: Logs) -> AsyncIterator[None]:
    """No log and no text grows meanwhile; what happened before must have come to rest."""
    before = await logs.heads()
    yield
    assert await logs.heads() == before


@asynccontextmanager
async def open_logs(server_url: str) -> AsyncIterator[Logs]:
    """The databases on this server, closed at the end."""
    connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
    try:
        for service in SERVICES:
            connections[service] = await asyncpg.connect(database_url(server_url, database_name(service)))
        yield Logs(connections)
    finally:
        for connection in connections.values():
            await connection.close()
