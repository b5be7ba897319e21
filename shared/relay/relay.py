"""Relay: publishes the log to Kafka in order, at least once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from shared.events.envelope import Stored
from shared.eventstore.lease import LOG_CHANNEL, Lease
from shared.eventstore.lease_session import Leases
from shared.kafka.records import Ack, Outgoing, Record
from shared.kafka.signatures import LogKeys
from shared.observability import metrics
from shared.process.component import Component
from shared.process.trouble import Trouble
from shared.relay.event_to_record import outgoing
from shared.relay.progress import LAG, RelayProgress, lost, take_over
from shared.relay.topic_comparison import demand_agreement
from shared.resilience import crash_points
from shared.resilience.retry import Backoff, Halted, Transient, transient
from shared.resilience.tasks import run_all

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

BATCH = 500
POLL = 2.0
"""Seconds until what nobody announced is found."""
VERIFY_EVERY = 60.0
LOOK_EVERY = 5.0
"""Seconds after which a relay with nothing to publish notices that it was rewound."""
OBSERVE_EVERY = 15.0

AFTER_ACK = crash_points.register(
    "relay.after_ack", "shared/relay/relay.py: Kafka has a batch, the checkpoint does not know it yet"
)

log = logging.getLogger(__name__)


class Log(Protocol):
    """What the relay reads of an event store."""

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        """The events behind a position, in order, as they are stored."""

    async def head(self) -> int:
        """The position of the last event."""


class Publisher(Protocol):
    """Where the relay writes: one topic."""

    @property
    def partitions(self) -> int:
        """How many partitions it has."""

    async def publish(self, batch: Sequence[Outgoing]) -> Sequence[Ack]:
        """The acknowledgements of the batch's leading run; fewer than the batch: the publisher must be replaced."""

    async def ids_at(self, offsets: Mapping[int, int]) -> Mapping[int, str | None]:
        """By partition: the `ce_id` of the record at the offset, or None where there is none."""

    def records_from(self, offsets: Mapping[int, int]) -> AsyncGenerator[Record, None]:
        """The records of each partition from its offset on, up to the end that it has when asked."""


OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


class NotAcknowledged(Transient):
    """Kafka acknowledged less than the batch."""


async def verify(progress: RelayProgress, publisher: Publisher) -> None:
    """Checks that each partition's last event stands where it was acknowledged; else Halted."""
    tails = {partition: tail for partition, tail in progress.tails.items() if tail.next_offset}
    found = (
        await publisher.ids_at({partition: tail.next_offset - 1 for partition, tail in tails.items()}) if tails else {}
    )
    for partition, tail in tails.items():
        if found[partition] != tail.id:
            raise lost(progress.topic, partition, tail)


class Relay(Component):
    """Publishes a service's log to `topic`. `run` goes on until it is cancelled; `quiet` says why it is not at the
    log's end.
    """

    def __init__(
        self,
        store: Log,
        pool: Pool,
        leases: Leases,
        publisher: OpenPublisher,
        topic: str,
        source: str,
        keys: LogKeys | None = None,
    ) -> None:
        self._store = store
        self._pool = pool
        self._leases = leases
        self._publisher = publisher
        self._topic = topic
        self._source = source
        self._keys = keys
        self._trouble = Trouble(f"relay {topic}")
        self._progress: RelayProgress | None = None

    async def run(self) -> None:
        """Publishes until it is cancelled; an error of Kafka or the database only means lag."""
        await run_all([self._observe(), self._keep_going()])

    async def quiet(self) -> str | None:
        """None when every event of the log is published and checkpointed, else what is missing."""
        try:
            head = await self._store.head()
        except Exception as error:
            if not transient(error):
                raise
            return f"relay {self._topic}: {error!r}"
        position = self._progress.position if self._progress else 0
        trouble = self._trouble.reason
        if trouble is None and position >= head:
            return None
        return f"relay {self._topic}: at {position} of {head}" + (f" ({trouble})" if trouble else "")

    @property
    def name(self) -> str:
        """What people call it."""
        return f"relay {self._topic}"

    def halted(self) -> str | None:
        """Why it stands still until a person mends it."""
        return self._trouble.halt

    async def _keep_going(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async with Lease(self._leases, "relay", hears=LOG_CHANNEL) as lease, self._publisher() as publisher:
                    await lease.guard(self._session(lease, publisher, backoff))
            except Halted as halt:
                self._trouble.stands_still(halt)
                await backoff.pause(halt)
            except Exception as error:
                if not transient(error):
                    raise
                self._trouble.waits(error)
                await backoff.pause(error)

    async def _session(self, lease: Lease, publisher: Publisher, backoff: Backoff) -> None:
        progress = self._progress = await take_over(self._pool, self._topic, publisher.partitions)
        await verify(progress, publisher)
        await demand_agreement(progress, self._pool, publisher, self._keys)
        while True:
            end = (time := asyncio.get_running_loop().time)() + VERIFY_EVERY
            while time() < end:
                await self._send_until(time() + LOOK_EVERY, progress, lease, publisher, backoff)
                await progress.demand_current(self._pool)
            await verify(progress, publisher)

    async def _send_until(
        self, end: float, progress: RelayProgress, lease: Lease, publisher: Publisher, backoff: Backoff
    ) -> None:
        self._trouble.over()
        while asyncio.get_running_loop().time() < end:
            rows = await self._store.read_all(progress.position, BATCH)
            if rows:
                await self._send(progress, publisher, rows)
                backoff.succeeded()
            else:
                await lease.woken(POLL)

    async def _send(self, progress: RelayProgress, publisher: Publisher, rows: Sequence[Stored]) -> None:
        acks = await publisher.publish(outgoing(progress, rows, self._source, self._keys))
        crash_points.point(AFTER_ACK)
        if acks:
            await progress.save(self._pool, rows[: len(acks)], acks)
            metrics.PUBLISHED.labels(self._topic).inc(len(acks))
        if len(acks) < len(rows):
            raise NotAcknowledged(f"{len(acks)} of {len(rows)} records acknowledged")

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
