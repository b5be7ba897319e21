"""The relay: the log to its topic, in order, at least once, resumable. One at a time; a zombie can only repeat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.events import codec
from shared.events.base import Event, Recorded
from shared.eventstore import crash, metrics
from shared.eventstore.kafka import Ack, Outgoing
from shared.eventstore.lease import Lease
from shared.eventstore.retry import Backoff, Halted, Transient, transient
from shared.eventstore.together import together

if TYPE_CHECKING:
    from shared.eventstore.checkpoints import Pool

BATCH = 500
POLL = 0.5
VERIFY_EVERY = 60.0
OBSERVE_EVERY = 2.0

TAKE_OVER = """
insert into checkpoints as c (subscription, topic, partition, log_id) select 'relay', $1, -1, log_id from log
on conflict (subscription, topic, partition) do update set epoch = c.epoch + 1
returning position, epoch, log_id, (select log_id from log) as now
"""
TAILS = """
select c.partition, c.position, c.next_offset, e.stream || '/' || e.version as id
from checkpoints c left join events e on e.position = c.position
where c.subscription = 'relay' and c.topic = $1 and c.partition >= 0
"""
CHECKPOINT = """
with head as (
    update checkpoints set position = $3 where subscription = 'relay' and topic = $1 and partition = -1 and epoch = $2 returning log_id
), tails as (
    insert into checkpoints as c (subscription, topic, partition, log_id, position, next_offset, epoch)
    select 'relay', $1, new.partition, head.log_id, new.position, new.next_offset, $2
    from head, unnest($4::int[], $5::bigint[], $6::bigint[]) as new (partition, position, next_offset)
    on conflict (subscription, topic, partition)
    do update set log_id = excluded.log_id, position = excluded.position, next_offset = excluded.next_offset, epoch = excluded.epoch
)
select count(*) from head
"""
REWIND = """
with tails as (delete from checkpoints where subscription = 'relay' and topic = $1 and partition >= 0)
update checkpoints set position = 0, epoch = epoch + 1, log_id = (select log_id from log)
where subscription = 'relay' and topic = $1 and partition = -1
"""
LAG = """
with at as (select coalesce(max(position), 0) as position from checkpoints where subscription = 'relay' and topic = $1 and partition = -1)
select coalesce((select max(e.position) from events e), 0) - at.position as events,
    coalesce((select extract(epoch from clock_timestamp() - e.recorded_at) from events e where e.position = at.position + 1), 0)::float8 as age
from at
"""

AFTER_ACK = crash.register("relay.after_ack", "shared/eventstore/relay.py: Kafka has a batch, the checkpoint does not know it yet")

log = logging.getLogger(__name__)


class Log(Protocol):
    """What the relay reads of an event store."""

    async def read_all(self, after: int, limit: int) -> Sequence[Recorded[Event]]:
        """The events behind a position, in order."""

    async def head(self) -> int:
        """The position of the last event."""


class Publisher(Protocol):
    """Where the relay writes: one topic."""

    def partition(self, key: str) -> int:
        """The partition of all records with this key."""

    async def publish(self, batch: Sequence[Outgoing]) -> Sequence[Ack]:
        """The acknowledgements of the batch's leading run; fewer than the batch: this publisher is spent."""

    async def ids_at(self, offsets: Mapping[int, int]) -> Mapping[int, str | None]:
        """By partition: the `ce_id` of the record at the offset, or None where there is none."""


OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


@dataclass(frozen=True, slots=True)
class Tail:
    """The last event that a partition was given; `next_offset` 0 where the broker did not say where it stands."""

    position: int = 0
    next_offset: int = 0
    id: str | None = None


class NotAcknowledged(Transient):
    """Kafka acknowledged less than the batch."""


class Zombie(Transient):
    """Another relay has taken over since."""


class Relay:
    """Publishes a service's log to `topic`. `run` goes on until it is cancelled; `quiet` says why it is not at the log's end."""

    def __init__(self, store: Log, pool: Pool, dsn: str, publisher: OpenPublisher, topic: str, source: str) -> None:
        self._store = store
        self._pool = pool
        self._dsn = dsn
        self._publisher = publisher
        self._topic = topic
        self._source = source
        self._trouble: str | None = "not started"
        self._position = 0
        self._tails: dict[int, Tail] = {}

    async def run(self) -> None:
        """Publishes until it is cancelled; whatever Kafka or the database do means lag, and no more."""
        await together([self._observe(), self._keep_going()])

    async def quiet(self) -> str | None:
        """None when every event of the log is published and checkpointed, else what is missing."""
        head = await self._store.head()
        if self._trouble is None and self._position >= head:
            return None
        return f"relay {self._topic}: at {self._position} of {head}" + (f" ({self._trouble})" if self._trouble else "")

    async def _keep_going(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async with Lease(self._dsn, "relay") as lease, self._publisher() as publisher:
                    await lease.guard(self._session(lease, publisher, backoff))
            except Halted as halt:
                await self._stand_still(halt, backoff)
            except Exception as error:
                if not transient(error):
                    raise
                self._note(f"{error!r}")
                await backoff.pause(error)

    async def _session(self, lease: Lease, publisher: Publisher, backoff: Backoff) -> None:
        await self._take_over()
        while True:
            await self._verify(publisher)
            await self._send_until(lease, publisher, backoff, asyncio.get_running_loop().time() + VERIFY_EVERY)

    async def _send_until(self, lease: Lease, publisher: Publisher, backoff: Backoff, end: float) -> None:
        self._note(None)
        while asyncio.get_running_loop().time() < end:
            rows = await self._store.read_all(self._position, BATCH)
            if rows:
                await self._send(publisher, rows)
                backoff.succeeded()
            else:
                await lease.woken(POLL)

    async def _send(self, publisher: Publisher, rows: Sequence[Recorded[Event]]) -> None:
        if [row.position for row in rows] != list(range(self._position + 1, self._position + 1 + len(rows))):
            raise Halted(f"the log has a hole behind position {self._position}: restore it from a backup; a hole is a loss")
        acks = await publisher.publish(self._outgoing(publisher, rows))
        crash.point(AFTER_ACK)
        if acks:
            await self._checkpoint(rows[: len(acks)], acks)
        if len(acks) < len(rows):
            raise NotAcknowledged(f"{len(acks)} of {len(rows)} records acknowledged")

    def _outgoing(self, publisher: Publisher, rows: Sequence[Recorded[Event]]) -> list[Outgoing]:
        # Each record names the position before it in its partition, so that a reader notices when the topic has lost one.
        previous = {partition: tail.position for partition, tail in self._tails.items()}
        batch = []
        for row in rows:
            partition = publisher.partition(row.metadata.key)
            headers = codec.headers(row, self._source, self._log_id)
            headers.append(("ce_previous", str(previous.get(partition, 0)).encode()))
            batch.append(Outgoing(partition, row.metadata.key.encode(), codec.encode(row.event)[1], headers))
            previous[partition] = row.position
        return batch

    async def _checkpoint(self, rows: Sequence[Recorded[Event]], acks: Sequence[Ack]) -> None:
        tails = self._advanced(rows, acks)
        columns = [list(tails), [tail.position for tail in tails.values()], [tail.next_offset for tail in tails.values()]]
        if not await self._pool.fetchval(CHECKPOINT, self._topic, self._epoch, rows[-1].position, *columns):
            raise Zombie("another relay has taken over")
        self._position = rows[-1].position
        self._tails |= tails
        metrics.PUBLISHED.labels(self._topic).inc(len(rows))

    def _advanced(self, rows: Sequence[Recorded[Event]], acks: Sequence[Ack]) -> dict[int, Tail]:
        tails: dict[int, Tail] = {}
        for row, ack in zip(rows, acks, strict=True):
            before = tails.get(ack.partition) or self._tails.get(ack.partition, Tail())
            if 0 <= ack.offset < before.next_offset:
                raise lost(self._topic, ack.partition, before)
            tails[ack.partition] = Tail(row.position, ack.offset + 1, row.id)
        return tails

    async def _take_over(self) -> None:
        (row,) = await self._pool.fetch(TAKE_OVER, self._topic)
        if row["log_id"] != row["now"]:
            raise Halted(
                f"the log is {row['now']}, but topic {self._topic} holds log {row['log_id']} (a restore?): create the topic anew, then "
                f"`makewhole relay rewind`; subscriptions need `makewhole projections rebuild`"
            )
        self._epoch, self._position, self._log_id = int(row["epoch"]), int(row["position"]), UUID(str(row["log_id"]))
        tails = await self._pool.fetch(TAILS, self._topic)
        self._tails = {tail["partition"]: Tail(tail["position"], tail["next_offset"], tail["id"]) for tail in tails}

    async def _verify(self, publisher: Publisher) -> None:
        """That the last event which each partition was given still stands where it was acknowledged."""
        known = {partition: tail for partition, tail in self._tails.items() if tail.next_offset}
        found = await publisher.ids_at({partition: tail.next_offset - 1 for partition, tail in known.items()}) if known else {}
        for partition, tail in known.items():
            if found[partition] != tail.id:
                raise lost(self._topic, partition, tail)

    async def _stand_still(self, halt: Halted, backoff: Backoff) -> None:
        if str(halt) != self._trouble:
            log.error("relay %s stands still: %s", self._topic, halt)
        self._note(str(halt), 1)
        await backoff.pause(halt)

    def _note(self, trouble: str | None, halted: int = 0) -> None:
        if trouble and not halted and trouble != self._trouble:
            log.warning("relay %s waits: %s", self._topic, trouble)
        self._trouble = trouble
        metrics.HALTED.labels(f"relay {self._topic}").set(halted)

    async def _observe(self) -> None:
        while True:
            try:
                for row in await self._pool.fetch(LAG, self._topic):
                    metrics.RELAY_LAG.labels(self._topic).set(row["events"])
                    metrics.RELAY_AGE.labels(self._topic).set(max(0.0, row["age"]))
            except Exception as error:
                if not transient(error):
                    raise
            await asyncio.sleep(OBSERVE_EVERY)


def lost(topic: str, partition: int, tail: Tail) -> Halted:
    """The topic no longer holds what it acknowledged."""
    return Halted(
        f"{topic} partition {partition} does not hold {tail.id} at offset {tail.next_offset - 1}, where Kafka acknowledged it: the topic was created "
        f"anew or cut off. `makewhole relay rewind` publishes the log again from its beginning; subscriptions skip what they know"
    )


async def rewind(pool: Pool, topic: str) -> None:
    """The relay publishes its log again from the beginning; a running one notices by the epoch."""
    await pool.execute(REWIND, topic)
