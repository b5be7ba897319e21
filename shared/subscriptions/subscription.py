"""Subscription: carries a topic to a handler, partition by partition, and keeps its checkpoint."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from shared.eventstore.lease import Lease
from shared.eventstore.log_identity import identify
from shared.kafka.records import Record
from shared.observability import metrics
from shared.process.component import Component
from shared.resilience.retry import GIVE_UP_AFTER, LONGEST_WAIT, Backoff, Halted, Transient, transient
from shared.subscriptions.checkpoints import Checkpoint, claim
from shared.subscriptions.follower import Decode, Delivery, Follower, ForeignFollower, Recreated, of_log
from shared.subscriptions.handler import Handler, SubscriptionContext, retry
from shared.subscriptions.parking import Parking

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


BATCH = 500
FETCH_LIMIT = 1.0
OBSERVE_EVERY = 5.0
STALLED_AFTER = 30.0
QUIET_LIMIT = 2.0

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where a subscription reads: all partitions of one topic."""

    @property
    def partitions(self) -> int:
        """How many it has."""

    async def bounds(self) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first record, and the one that the next record will get."""

    def seek(self, partition: int, offset: int) -> None:
        """The partition goes on at the offset."""

    async def fetch(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        """Up to `most` records by partition; nothing where none came within `limit` seconds."""


class Stalled(Transient):
    """Records are there, but the source delivers none."""


class Subscription(Component):
    """Feeds `handler` with the topic. `run` goes on until it is cancelled, or raises GaveUp after `give_up` seconds of
    nothing but I/O errors.

    `decode` is given for a foreign topic: it is then followed by offset, and a repeat is the handler's to recognise.
    """

    def __init__(
        self,
        name: str,
        topic: str,
        handler: Handler,
        pool: Pool,
        dsn: str,
        source: Callable[[], AbstractAsyncContextManager[Source]],
        decode: Decode | None = None,
        give_up: float = GIVE_UP_AFTER,
    ) -> None:
        self._name = name
        self._context = SubscriptionContext(name, topic, pool, Parking(name, decode or of_log))
        self._handler = handler
        self._dsn = dsn
        self._open = source
        self._decode = decode
        self._give_up = give_up
        self._source: Source | None = None
        self._trouble: str | None = "not started"
        self._busy = False
        self._retried = False
        self._followers: dict[int, Follower] = {}
        self._gaps: list[str] = []

    async def run(self) -> None:
        """Follows the topic until it is cancelled."""
        backoff = Backoff(self._give_up)
        while True:
            try:
                async with Lease(self._dsn, f"subscription {self._name}") as lease, self._open() as source:
                    await lease.guard(self._session(source, backoff))
            except Halted as halt:
                await self._stand_still(halt)
            except Exception as error:
                if not transient(error):
                    raise
                self._note(f"{error!r}")
                await backoff.pause(error)
            finally:
                self._source = None

    async def quiet(self) -> str | None:
        """None when every record of the topic is handled and the checkpoints saved, else what is missing."""
        source = self._source
        if self._trouble or source is None:
            return f"subscription {self._name}: {self._trouble or 'not connected'}"
        try:
            async with asyncio.timeout(QUIET_LIMIT):
                bounds = await source.bounds()
        except (Transient, TimeoutError) as error:  # it may have been closed meanwhile
            return f"subscription {self._name}: {error!r}"
        return self._unhandled(bounds)

    def _unhandled(self, bounds: Mapping[int, tuple[int, int]]) -> str | None:
        behind = sum(
            max(0, bounds[partition][1] - follower.checkpoint.next_offset)
            for partition, follower in self._followers.items()
        )
        gaps = [follower.gap for follower in self._followers.values() if follower.gap]
        if not (behind or self._busy or gaps):
            return None
        return f"subscription {self._name}: {behind} records to handle" + "".join(f"; {gap}" for gap in gaps)

    async def retry_parked(self, stream: str | None = None) -> int:
        """Handles what is parked, or one stream of it, in order; the number of streams that are free again.

        Safe beside a running worker: what arrives meanwhile is kept behind, or handled once the stream is free.
        """
        streams = await self._context.parking.streams(self._context.pool) if stream is None else [stream]
        released = [await retry(self._context, self._handler, each) for each in streams]
        await self._context.parking.count(self._context.pool)
        return sum(released)

    async def _session(self, source: Source, backoff: Backoff) -> None:
        context = self._context
        if self._decode is None:
            (await identify(context.pool)).demand(source.partitions)
        found = await claim(context.pool, context.subscription, context.topic, range(source.partitions))
        await context.parking.load(context.pool)
        await self._retry_as_newer_version()
        self._followers = {partition: self._follower(checkpoint) for partition, checkpoint in found.items()}
        await self._seek(source)
        self._source, self._busy = source, False
        self._note(None)
        await self._follow(source, backoff)

    async def _retry_as_newer_version(self) -> None:
        """Once for each process: it may be the version that these streams were parked for."""
        if not self._retried:
            for stream in await self._context.parking.waiting_for_a_version(self._context.pool):
                await retry(self._context, self._handler, stream)
            self._retried = True

    def _follower(self, checkpoint: Checkpoint) -> Follower:
        return Follower(checkpoint) if self._decode is None else ForeignFollower(checkpoint, self._decode)

    async def _seek(self, source: Source) -> None:
        # One record back: it must have been seen, or else the topic is not the one that the checkpoint is of.
        for partition, (first, end) in (await source.bounds()).items():
            follower = self._followers[partition]
            if follower.checkpoint.next_offset > end:
                log.warning(
                    "%s: %s partition %d ends before offset %d: read again",
                    self._name,
                    self._context.topic,
                    partition,
                    follower.checkpoint.next_offset,
                )
                follower.restart(first)
            source.seek(partition, max(first, follower.checkpoint.next_offset - 1))

    async def _follow(self, source: Source, backoff: Backoff) -> None:
        time = asyncio.get_running_loop().time
        observed = progress = time()
        while True:
            fetched = await source.fetch(FETCH_LIMIT, BATCH)
            if fetched:
                await self._handle(source, fetched)
                backoff.succeeded()
                progress = time()
            if time() - observed >= OBSERVE_EVERY:
                observed = time()
                lag = await self._observe(source)
                backoff.succeeded()
                if lag and observed - progress >= STALLED_AFTER:
                    raise Stalled(f"{lag} records wait, and none came for {STALLED_AFTER:.0f} s")

    async def _handle(self, source: Source, fetched: Mapping[int, Sequence[Record]]) -> None:
        self._busy = True
        before = {partition: self._followers[partition].checkpoint for partition in fetched}
        deliveries: list[Delivery] = []
        for partition, records in fetched.items():
            deliveries += await self._taken(source, partition, records)
        reached = [
            self._followers[partition].checkpoint
            for partition in fetched
            if self._followers[partition].checkpoint != before[partition]
        ]
        if reached:
            await self._handler.take(self._context, deliveries, reached)
        self._count(sum(map(len, fetched.values())), len(deliveries))
        self._busy = False

    async def _taken(self, source: Source, partition: int, records: Sequence[Record]) -> list[Delivery]:
        follower = self._followers[partition]
        try:
            return [delivery for record in records if (delivery := follower.take(record))]
        except Recreated as error:
            first = (await source.bounds())[partition][0]
            log.warning("%s: the topic was created anew (%s): read again from offset %d", self._name, error, first)
            follower.restart(first)
            source.seek(partition, first)
            return []

    async def _observe(self, source: Source) -> int:
        context, total = self._context, 0
        for partition, (_, end) in (await source.bounds()).items():
            lag = end - self._followers[partition].checkpoint.next_offset
            metrics.CHECKPOINT_LAG.labels(context.subscription, context.topic, partition).set(lag)
            if lag < 0:
                raise Transient(f"{context.topic} partition {partition} ends before the checkpoint")
            total += lag
        await context.parking.count(context.pool)
        return total

    def _count(self, fetched: int, handled: int) -> None:
        metrics.HANDLED.labels(self._name).inc(handled)
        metrics.SKIPPED.labels(self._name).inc(fetched - handled)
        gaps = [follower.gap for follower in self._followers.values() if follower.gap]
        if gaps and self._gaps != gaps:
            log.error("%s holds: %s. `makewhole relay rewind` publishes the log again", self._name, "; ".join(gaps))
        self._gaps = gaps
        metrics.GAPS.labels(self._name).set(len(gaps))

    async def _stand_still(self, halt: Halted) -> None:
        if str(halt) != self._trouble:
            log.error("subscription %s stands still: %s", self._name, halt)
        self._note(str(halt), 1)
        await asyncio.sleep(LONGEST_WAIT)

    def _note(self, trouble: str | None, halted: int = 0) -> None:
        if trouble and not halted and trouble != self._trouble:
            log.warning("subscription %s waits: %s", self._name, trouble)
        self._trouble = trouble
        metrics.HALTED.labels(f"subscription {self._name}").set(halted)
