"""Kafka, read without a group: every record of a topic up to the end that it has when the reading begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.audit.topic import Record

AT_ONCE = 1000
SILENCE = 10.0
"""Seconds without a record after which a topic that has not been read to its end is given up."""
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
        left = {partition: end for partition, (first, end) in bounds.items() if first < end}
        self.consumer.assign(self._places(left))
        for at in self._places(left):
            self.consumer.seek(at, bounds[at.partition][0])
        while left:
            fetched = await self.consumer.getmany(timeout_ms=int(SILENCE * 1000), max_records=AT_ONCE)
            if not fetched:
                raise TimeoutError(f"{self.name}: no record within {SILENCE:g} s, partitions {sorted(left)} are open")
            yield [_record(raw) for at, raws in fetched.items() for raw in raws if raw.offset < bounds[at.partition][1]]
            for at, raws in fetched.items():
                if raws[-1].offset + 1 >= left.get(at.partition, 0):
                    left.pop(at.partition, None)

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


def _record(raw: Any) -> Record:
    # The first of several headers with one name counts; a foreign record may hold nulls.
    headers = {name: value or b"" for name, value in reversed(raw.headers)}
    return Record(raw.partition, raw.offset, raw.key, raw.value or b"", headers)
