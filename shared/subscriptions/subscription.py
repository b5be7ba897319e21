"""Subscription: carries a topic to a handler, partition by partition, and keeps its checkpoint."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.eventstore.lease import Lease
from shared.eventstore.lease_session import Leases
from shared.eventstore.log_identity import LogIdentity, identify
from shared.kafka.records import Record
from shared.kafka.signatures import LogKeys
from shared.observability import metrics
from shared.process.component import Component
from shared.process.trouble import Trouble
from shared.resilience.retry import GIVE_UP_AFTER, LONGEST_WAIT, Backoff, Halted, Transient, transient
from shared.subscriptions.attention import Attention
from shared.subscriptions.checkpoints import Checkpoint, claim, demand
from shared.subscriptions.follower import Decode, Delivery, Follower, Quarantined, Recreated, of_log
from shared.subscriptions.foreign_topic import ForeignFollower
from shared.subscriptions.handler import Handler, SubscriptionContext, retry
from shared.subscriptions.log_beside import LogBeside
from shared.subscriptions.parked_streams import ParkedStreams
from shared.subscriptions.source import Source, Stalled, seek

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


BATCH = 500
FETCH_LIMIT = 5.0
OBSERVE_EVERY = 15.0
STALLED_AFTER = 30.0
QUIET_LIMIT = 2.0

log = logging.getLogger(__name__)


class Subscription(Component):
    """Feeds `handler` with the topic. `run` goes on until it is cancelled, or raises GaveUp after `give_up` seconds of
    nothing but I/O errors.

    `decode` is given for a foreign topic: it is then followed by offset, and a repeat is the handler's to recognise.
    With `keys` only records that bear a signature by one of them are taken. `beside` is given where the log is the one
    in the same database: nothing is taken that it does not hold.
    """

    def __init__(
        self,
        name: str,
        topic: str,
        handler: Handler,
        pool: Pool,
        leases: Leases,
        source: Callable[[], AbstractAsyncContextManager[Source]],
        decode: Decode | None = None,
        keys: LogKeys | None = None,
        beside: LogBeside | None = None,
        give_up: float = GIVE_UP_AFTER,
    ) -> None:
        self._name = name
        self._context = SubscriptionContext(name, topic, pool, ParkedStreams(name, decode or of_log))
        self._handler = handler
        self._leases = leases
        self._open = source
        self._decode = decode
        self._keys = keys
        self._beside = beside
        self._give_up = give_up
        self._source: Source | None = None
        self._trouble = Trouble(f"subscription {name}")
        self._attention = Attention(self._context.parked)
        self._busy = False
        self._retried = False
        self._followers: dict[int, Follower] = {}
        self._gaps: list[str] = []

    async def run(self) -> None:
        """Follows the topic until it is cancelled."""
        backoff = Backoff(self._give_up)
        while True:
            try:
                async with Lease(self._leases, f"subscription {self._name}") as lease, self._open() as source:
                    await lease.guard(self._session(source, backoff))
            except Halted as halt:
                self._trouble.stands_still(halt)
                await asyncio.sleep(LONGEST_WAIT)
            except Exception as error:
                if not transient(error):
                    raise
                self._trouble.waits(error)
                await backoff.pause(error)
            finally:
                self._source = None

    async def quiet(self) -> str | None:
        """None when every record of the topic is handled and the checkpoints saved, else what is missing."""
        source = self._source
        if self._trouble.reason or source is None:
            return f"subscription {self._name}: {self._trouble.reason or 'not connected'}"
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

    def halted(self) -> str | None:
        """Why it stands still, holds partitions, or has more waiting for a person than anybody could look at."""
        return "; ".join(filter(None, [self._trouble.halt, *self._gaps, *self._attention.beyond])) or None

    def needs_attention(self) -> str | None:
        """How much waits for a person in `makewhole parked list`."""
        return str(self._attention) or None

    @property
    def name(self) -> str:
        """By which its lease goes, too."""
        return f"subscription {self._name}"

    async def retry_parked(self, stream: str | None = None, anew: bool = False) -> int:
        """Handles what is parked, or one stream of it, in order; the number of streams that are free again.

        Safe beside a running worker: what arrives meanwhile is kept behind, or handled once the stream is free.
        """
        streams = await self._context.parked.streams(self._context.pool) if stream is None else [stream]
        return sum([await retry(self._context, self._handler, each, anew) for each in streams])

    async def _session(self, source: Source, backoff: Backoff) -> None:
        context = self._context
        identity = await identify(context.pool)
        if self._decode is None:
            identity.demand(source.partitions)
        found = await claim(context.pool, context.subscription, context.topic, range(source.partitions))
        await context.parked.load(context.pool)
        await self._retry_as_newer_version()
        self._followers = {
            partition: self._follower(self._begun(checkpoint, identity)) for partition, checkpoint in found.items()
        }
        await self._attention.count(context.pool)
        await seek(source, self._followers, self._name)
        self._source, self._busy = source, False
        self._trouble.over()
        await self._follow(source, backoff, asyncio.get_running_loop().time)

    async def _retry_as_newer_version(self) -> None:
        """Once for each process: it may be the version that these streams were parked for."""
        if not self._retried:
            for stream in await self._context.parked.waiting_for_a_version(self._context.pool):
                await retry(self._context, self._handler, stream)
            self._retried = True

    def _begun(self, checkpoint: Checkpoint, identity: LogIdentity) -> Checkpoint:
        """Who follows the log beside it need not ask the topic which log that is."""
        if self._beside is None or checkpoint.log_id:
            return checkpoint
        return replace(checkpoint, log_id=identity.log_id, lineage=identity.lineage)

    def _follower(self, checkpoint: Checkpoint) -> Follower:
        return Follower(checkpoint, self._keys) if self._decode is None else ForeignFollower(checkpoint, self._decode)

    async def _follow(self, source: Source, backoff: Backoff, time: Callable[[], float]) -> None:
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
                if not lag:
                    progress = observed  # idle: nothing has stood still until now
                if lag and observed - progress >= STALLED_AFTER:
                    raise Stalled(f"{lag} records wait, and none came for {STALLED_AFTER:.0f} s")

    async def _handle(self, source: Source, fetched: Mapping[int, Sequence[Record]]) -> None:
        self._busy = True
        before = {partition: self._followers[partition].checkpoint for partition in fetched}
        taken: list[Delivery | Quarantined] = []
        halts = [await self._take(source, partition, records, taken) for partition, records in fetched.items()]
        deliveries = [each for each in taken if isinstance(each, Delivery)]
        await self._attention.keep(self._context.pool, [each for each in taken if isinstance(each, Quarantined)])
        reached = [mark for p, old in before.items() if (mark := self._followers[p].checkpoint) != old]
        if self._beside:
            await self._beside.demand_held(deliveries)
        if reached:
            await self._handler.take(self._context, deliveries, reached)
        self._count(sum(map(len, fetched.values())), len(deliveries))
        if halt := next(filter(None, halts), None):  # what stands before it in the batch is handled
            raise halt
        self._busy = False

    async def _take(
        self, source: Source, partition: int, records: Sequence[Record], taken: list[Delivery | Quarantined]
    ) -> Halted | None:
        """Adds what is to be handled and what is to be quarantined; the halt that ends it, if any."""
        follower = self._followers[partition]
        try:
            for record in records:
                if found := follower.take(record):
                    taken.append(found)
        except Halted as halt:
            return halt
        except Recreated as error:
            first = (await source.bounds())[partition][0]
            log.warning("%s: the topic was created anew (%s): read again from offset %d", self._name, error, first)
            follower.restart(first)
            source.seek(partition, first)
        return None

    async def _observe(self, source: Source) -> int:
        context, total = self._context, 0
        for partition, (_, end) in (await source.bounds()).items():
            lag = end - self._followers[partition].checkpoint.next_offset
            metrics.CHECKPOINT_LAG.labels(context.subscription, context.topic, partition).set(lag)
            if lag < 0:
                raise Transient(f"{context.topic} partition {partition} ends before the checkpoint")
            total += lag
        await self._attention.count(context.pool)
        marks = {partition: follower.checkpoint for partition, follower in self._followers.items()}
        await demand(context.pool, context.subscription, context.topic, marks)
        return total

    def _count(self, fetched: int, handled: int) -> None:
        metrics.HANDLED.labels(self._name).inc(handled)
        metrics.SKIPPED.labels(self._name).inc(fetched - handled)
        gaps = [follower.gap for follower in self._followers.values() if follower.gap]
        if gaps and self._gaps != gaps:
            log.error("%s holds: %s. `makewhole relay rewind` publishes the log again", self._name, "; ".join(gaps))
        self._gaps = gaps
        metrics.GAPS.labels(self._name).set(len(gaps))
