"""Kafka, read without a group: every record of a topic up to the end that it has when the reading begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.audit.topic import Record

AT_ONCE = 1000
WAIT = 1.0
"""Seconds that one question waits for a record."""
SILENCE = 10.0
"""Seconds in which no partition goes on, after which a topic that has not been read to its end is given up."""
OPTIONS = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "fetch_max_bytes": 4 * 1024 * 1024,
    "max_partition_fetch_bytes": 512 * 1024,
}

Bounds = Mapping[int, tuple[int, int]]
"""By partition: the offset of its first record, and the one that the next record will get."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, and who reads it."""

    name: str
    partitions: int
    consumer: AIOKafkaConsumer

    async def bounds(self) -> Bounds:
        """Where each partition begins and ends now."""
        places = self._places(range(self.partitions))
        first = await self.consumer.beginning_offsets(places)
        end = await self.consumer.end_offsets(places)
        return {at.partition: (first[at], end[at]) for at in places}

    async def records(self, bounds: Bounds) -> AsyncIterator[list[Record]]:
        """The records within the bounds, some at a time, each partition's in order; TimeoutError where they stop
        coming.
        """
        reached = {at: bounds[at.partition][0] for at in self._places(bounds)}
        ends, silence = {at: bounds[at.partition][1] for at in reached}, 0.0
        self.consumer.assign(list(reached))
        self._go_back(reached)
        while left := [at for at, offset in reached.items() if offset < ends[at]]:
            records = await self._fetched(left, reached)
            yield [each for each in records if each.offset < bounds[each.partition][1]]
            # By the reader's position, which also passes what is no record: the marks of others' transactions.
            now = {at: await self.consumer.position(at) for at in reached}
            silence = 0.0 if now != reached else silence + WAIT
            if silence >= SILENCE:
                open_ones = sorted(at.partition for at in left)
                raise TimeoutError(f"{self.name}: no record within {SILENCE:g} s, partitions {open_ones} are open")
            reached = now

    async def _fetched(self, left: Iterable[TopicPartition], reached: Mapping[TopicPartition, int]) -> list[Record]:
        """What comes next in these partitions; the library throws all of it away where it cannot read one record."""
        try:
            return await self._getmany(left, AT_ONCE)
        except UnicodeDecodeError:
            self._go_back(reached)
            return [record for at in left for record in await self._up_to_unreadable(at)]

    async def _up_to_unreadable(self, at: TopicPartition) -> list[Record]:
        """One by one; the one that cannot be read passes as a stranger's, which bears no header of ours. So does what
        is no record before it, a transaction's mark or a gap: the library does not say which offset it could not read.
        """
        records: list[Record] = []
        while len(records) < AT_ONCE:
            offset = await self.consumer.position(at)
            try:
                fetched = await self._getmany([at], 1)
            except UnicodeDecodeError:
                self.consumer.seek(at, offset + 1)
                return [*records, Record(at.partition, offset, None, b"", {})]
            if not fetched:
                break
            records += fetched
        return records

    async def _getmany(self, places: Iterable[TopicPartition], most: int) -> list[Record]:
        fetched = await self.consumer.getmany(*places, timeout_ms=int(WAIT * 1000), max_records=most)
        return [record_of(raw) for raws in fetched.values() for raw in raws]

    def _go_back(self, places: Mapping[TopicPartition, int]) -> None:
        for at, offset in places.items():
            self.consumer.seek(at, offset)

    def _places(self, partitions: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self.name, partition) for partition in partitions]


@contextlib.asynccontextmanager
async def opened(connection: Mapping[str, Any], topic: str, partitions: int) -> AsyncIterator[Topic]:
    """The topic, with `partitions` partitions; `connection` says where Kafka is, and how it is spoken to."""
    consumer = AIOKafkaConsumer(**connection, **OPTIONS)
    try:
        await consumer.start()
        yield Topic(topic, partitions, consumer)
    finally:
        await consumer.stop()


def record_of(raw: Any) -> Record:
    """The record as the library gives it; a stranger's where one of CloudEvents' headers stands twice, as followers
    take it for malformed. A foreign record may hold nulls.
    """
    ours = [name for name, _ in raw.headers if name.startswith("ce_")]
    headers = {name: value or b"" for name, value in raw.headers} if len(ours) == len(set(ours)) else {}
    return Record(raw.partition, raw.offset, raw.key, raw.value or b"", headers)
