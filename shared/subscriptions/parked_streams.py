"""Parked streams: held back because an event could not be handled, until they are retried."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.events.errors import UnknownEvent, UnknownWord
from shared.kafka.records import Record
from shared.observability import metrics
from shared.subscriptions.follower import Decode, Delivery
from shared.subscriptions.quarantine import headers_as_text, plain

if TYPE_CHECKING:
    import asyncpg

    from shared.eventstore.connections import Connection, Pool

STREAMS = "select stream from parked where subscription = $1 order by parked_at, stream"
WAITING = """
select stream from parked where subscription = $1 and split_part(error, ':', 1) = any($2::text[])
order by from_position
"""
COUNT = "select count(*) from parked where subscription = $1"
PARK = """
insert into parked (subscription, stream, from_position, topic, partition, error, attempts)
    values ($1, $2, $3, $4, $5, $6, $7)
on conflict (subscription, stream) do update set error = excluded.error, attempts = parked.attempts + excluded.attempts
"""
# The row is locked against its removal, so an event is either kept with its stream or, once that is released, handled.
KEEP = """
with held as (select from parked where subscription = $1 and stream = $2 for key share), kept as (
    insert into parked_events (subscription, stream, position, next_offset, key, headers, value)
    select $1, $2, $3::bigint, $4::bigint, $5::bytea, $6::text::jsonb, $7::bytea from held on conflict do nothing
)
select count(*) from held
"""
FIRST = """
select p.topic, p.partition, e.position, e.next_offset, e.key, e.headers::text as headers, e.value
from parked_events e join parked p using (subscription, stream)
where e.subscription = $1 and e.stream = $2 order by e.position, e.next_offset limit 1
"""
DONE = "delete from parked_events where subscription = $1 and stream = $2 and position = $3"
HOLD = "select from parked where subscription = $1 and stream = $2 for update"
RELEASE = """
delete from parked where subscription = $1 and stream = $2
and not exists (select from parked_events where subscription = $1 and stream = $2)
"""
FAILED = "update parked set error = $3, attempts = attempts + 1 where subscription = $1 and stream = $2"

log = logging.getLogger(__name__)


class ParkedStreams:
    """The parked streams of one subscription, remembered so that all others cost no query."""

    def __init__(self, subscription: str, decode: Decode) -> None:
        self.subscription = subscription
        self._decode = decode
        self._streams: set[str] = set()

    async def load(self, pool: Pool) -> None:
        """Reads which streams are parked."""
        self._streams = set(await self.streams(pool))

    async def streams(self, pool: Pool) -> Sequence[str]:
        """The parked streams, the oldest first."""
        return [row["stream"] for row in await pool.fetch(STREAMS, self.subscription)]

    async def waiting_for_a_version(self, pool: Pool) -> Sequence[str]:
        """The streams that were parked because a newer version is needed for them, in the log's order."""
        kinds = [kind.__name__ for kind in (UnknownEvent, UnknownWord)]
        return [row["stream"] for row in await pool.fetch(WAITING, self.subscription, kinds)]

    async def count(self, pool: Pool) -> int:
        """How many there are; another process may have released some. Prometheus is told."""
        found = int(await pool.fetchval(COUNT, self.subscription))
        metrics.PARKED.labels(self.subscription).set(found)
        return found

    async def keeps(self, connection: Connection | Pool, delivery: Delivery) -> bool:
        """Whether the delivery's stream is parked; it is then kept with what came before it."""
        if delivery.stream not in self._streams:
            return False
        if await self._keep(connection, delivery):
            return True
        self._streams.discard(delivery.stream)  # another process released it, or that it was parked was rolled back
        return False

    async def park(self, connection: Connection, delivery: Delivery, error: BaseException, attempts: int) -> None:
        """Parks the stream, beginning with this delivery."""
        record = delivery.record
        values = (
            delivery.position,
            record.topic,
            record.partition,
            plain(f"{type(error).__name__}: {error}"),
            attempts,
        )
        await connection.execute(PARK, self.subscription, delivery.stream, *values)
        await self._keep(connection, delivery)
        self._streams.add(delivery.stream)
        log.error(
            "%s parked stream %s at position %d after %d tries: %r",
            self.subscription,
            delivery.stream,
            delivery.position,
            attempts,
            error,
            exc_info=error,
        )

    async def first(self, pool: Pool, stream: str) -> Delivery | None:
        """The stream's oldest parked event."""
        row = await pool.fetchrow(FIRST, self.subscription, stream)
        return None if row is None else Delivery(_restored(row), stream, row["position"], self._decode)

    async def done(self, connection: Connection | Pool, delivery: Delivery) -> None:
        """The parked event is handled; LookupError where another process has taken it."""
        if await connection.execute(DONE, self.subscription, delivery.stream, delivery.position) != "DELETE 1":
            raise LookupError(f"{delivery.stream} at {delivery.position} is no longer parked")

    async def release(self, pool: Pool, stream: str) -> bool:
        """Whether the stream is free again: not while another event of it was parked meanwhile."""
        async with pool.acquire() as connection, connection.transaction():
            # A statement of its own: the next one's snapshot then shows what was kept while this one waited.
            await connection.execute(HOLD, self.subscription, stream)
            return await connection.execute(RELEASE, self.subscription, stream) == "DELETE 1"

    async def failed(self, pool: Pool, stream: str, error: BaseException) -> None:
        """Notes that it failed once more."""
        await pool.execute(FAILED, self.subscription, stream, plain(f"{type(error).__name__}: {error}"))

    async def _keep(self, connection: Connection | Pool, delivery: Delivery) -> bool:
        record = delivery.record
        values = (delivery.position, record.offset + 1, record.key, headers_as_text(record.headers), record.value)
        return bool(await connection.fetchval(KEEP, self.subscription, delivery.stream, *values))


def _restored(row: asyncpg.Record) -> Record:
    headers = tuple((name, text.encode()) for name, text in json.loads(row["headers"]))
    return Record(row["topic"], row["partition"], row["next_offset"] - 1, row["key"], headers, row["value"])
