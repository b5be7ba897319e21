"""Snapshots: a service's database as of one moment, its topic from the beginning, the payment provider's ledger."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from ops.audit.deadlines import Key
from ops.audit.entry import Entry, Published, fingerprint
from ops.audit.read_models import Model, Row
from ops.client import Api, Call, Unreachable
from shared.eventstore.log_identity import LogIdentity, identify
from shared.kafka.records import Record
from shared.kafka.source import KafkaSource
from shared.subscriptions.freshness import projected

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PAGE = 1000
LEDGER_PAGE = 10_000
LIMIT = 60.0
SILENCE = 10.0
"""Seconds without a record after which a topic that has not been read to its end is given up."""

_LOG = "select position, stream, version, key, type, data::text as data, metadata from events order by position"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One service's database in one read-only transaction: log and tables of the same moment."""

    connection: Connection

    async def entries(self) -> AsyncIterator[Entry]:
        """The log from its beginning."""
        async for row in self.connection.cursor(_LOG, prefetch=PAGE):
            yield Entry(**row)

    async def head(self) -> int:
        """The log's last position."""
        return int(await self.connection.fetchval("select coalesce(max(position), 0) from events"))

    async def identity(self) -> LogIdentity:
        """Which log it is."""
        return await identify(self.connection)

    async def relayed(self) -> int:
        """Up to which position the relay has published."""
        query = "select coalesce(max(position), 0) from checkpoints where subscription = 'relay' and partition = -1"
        return int(await self.connection.fetchval(query))

    async def deadlines(self) -> dict[Key, datetime]:
        """What is due when, by stream and kind."""
        return {
            (row["stream"], row["kind"]): row["due_at"]
            for row in await self.connection.fetch("select stream, kind, due_at from deadlines")
        }

    async def parked(self) -> list[Mapping[str, Any]]:
        """The streams that were laid aside."""
        return [
            dict(row)
            for row in await self.connection.fetch("select subscription, stream, from_position, error from parked")
        ]

    async def projected(self, subscription: str, position: int) -> bool:
        """Whether the read model that the subscription keeps includes the log up to the position."""
        return await projected(self.connection, subscription, position)

    async def rows(self, model: Model[Any]) -> dict[str, Row]:
        """A read model's rows."""
        return {
            row[model.key]: Row(row["position"] or 0, model.read(dict(row)))
            for row in await self.connection.fetch(model.query)
        }


@contextlib.asynccontextmanager
async def open_snapshot(dsn: str) -> AsyncIterator[Snapshot]:
    """The database as of now, whatever is written meanwhile."""
    connection = await asyncpg.connect(
        dsn, timeout=10, command_timeout=LIMIT, server_settings={"application_name": "makewhole audit"}
    )
    try:
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection)
    finally:
        await connection.close()


async def published(bootstrap: str, topic: str, partitions: int) -> AsyncIterator[Published]:
    """Every record of the topic up to its present end, each partition's in order; TimeoutError where they stop
    coming.
    """
    async with KafkaSource.opened(bootstrap, topic, partitions) as source:
        left = {}
        for partition, (first, end) in (await source.bounds()).items():
            source.seek(partition, first)
            if first < end:
                left[partition] = end
        while left:
            if not (fetched := await source.fetch(SILENCE, PAGE)):
                raise TimeoutError(
                    f"{topic}: no record within {SILENCE:g} s, partitions {sorted(left)} are not at their end"
                )
            for partition, records in fetched.items():
                for record in records:
                    yield _published(record)
                if records[-1].offset + 1 >= left.get(partition, 0):
                    left.pop(partition, None)


def _published(record: Record) -> Published:
    position = record.header("ce_position") or ""
    return Published(
        record.partition,
        record.key,
        record.header("ce_id"),
        int(position) if position.isdigit() else 0,
        record.header("ce_logid"),
        fingerprint(record.header("ce_type") or "", record.value),
    )


async def ledger(api: Api) -> list[dict[str, Any]]:
    """Every movement of money that the payment provider has booked."""
    movements: list[dict[str, Any]] = []
    while True:
        after = str(movements[-1]["id"]) if movements else "0"
        response = await api.send(
            Call("sandbox", "GET", "/psp/ledger", params={"after": after, "limit": str(LEDGER_PAGE)})
        )
        if not response.ok:
            raise Unreachable(f"the payment provider shows no ledger: {response.summary}")
        movements += (page := response.get("data") or [])
        if len(page) < LEDGER_PAGE:
            return movements
