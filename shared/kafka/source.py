"""Kafka source: all partitions of one topic, read without a consumer group."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.connections import ASK_LIMIT, COMMON, CONNECT_LIMIT, ended, other_partitions, troubles
from shared.kafka.records import Record


class KafkaSource:
    """All partitions of one topic, read without a group: where to begin is the reader's affair, and kept in its own
    database.
    """

    def __init__(self, consumer: AIOKafkaConsumer, asker: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._asker = asker
        self._topic = topic
        self._assigned: list[TopicPartition] = []
        self.partitions = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, bootstrap: str, topic: str, partitions: int | None = None, only: Sequence[int] | None = None
    ) -> AsyncIterator[KafkaSource]:
        """A connected source, of all partitions where not of `only` some.

        Transient where Kafka does not answer, Halted where the topic has another number of `partitions`.
        """
        options = {"enable_auto_commit": False, "auto_offset_reset": "none", "fetch_max_wait_ms": 500, **COMMON}
        # A broker answers one request after the other on a connection: the asker never fetches, or its questions would
        # wait behind fetches.
        both = consumer, asker = [AIOKafkaConsumer(bootstrap_servers=bootstrap, **options) for _ in range(2)]
        source = cls(consumer, asker, topic)
        try:
            with troubles():
                async with asyncio.timeout(CONNECT_LIMIT):
                    await asyncio.gather(*(each.start() for each in both))
                    source.partitions = len(await asker._client._wait_on_metadata(topic))
            if partitions not in (None, source.partitions):
                raise other_partitions(topic, source.partitions, partitions)
            source._assign(range(source.partitions) if only is None else only)
            yield source
        finally:
            for each in both:
                await ended(each.stop())
                await ended(each._client.close())  # stop() does not get there where a fetch under way was cancelled

    def _assign(self, partitions: Sequence[int]) -> None:
        self._assigned = [TopicPartition(self._topic, partition) for partition in partitions]
        with troubles():
            self._consumer.assign(self._assigned)

    async def bounds(self) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first record, and the one that the next record will get."""
        with troubles():
            async with asyncio.timeout(ASK_LIMIT):
                ask = self._asker
                first, end = await asyncio.gather(
                    ask.beginning_offsets(self._assigned), ask.end_offsets(self._assigned)
                )
        return {at.partition: (first[at], end[at]) for at in self._assigned}

    def seek(self, partition: int, offset: int) -> None:
        """The partition goes on at the offset."""
        self._consumer.seek(TopicPartition(self._topic, partition), offset)

    async def fetch(self, limit: float, most: int) -> dict[int, list[Record]]:
        """Up to `most` records by partition, each partition's in order; nothing where none came within `limit`
        seconds.
        """
        with troubles():
            async with asyncio.timeout(limit + ASK_LIMIT):
                fetched = await self._consumer.getmany(timeout_ms=int(limit * 1000), max_records=most)
        return {at.partition: [_record(raw) for raw in records] for at, records in fetched.items() if records}

    async def ids(self, offsets: Mapping[int, int]) -> dict[int, str | None]:
        """By partition: the `ce_id` of the record at the offset; each of them must be there."""
        found: dict[int, str | None] = {}
        for partition, offset in offsets.items():
            self.seek(partition, offset)
        self._consumer.pause(*(at for at in self._assigned if at.partition not in offsets))
        async with asyncio.timeout(ASK_LIMIT):
            while len(found) < len(offsets):
                for partition, records in (await self.fetch(1.0, 500)).items():
                    found.setdefault(
                        partition, records[0].header("ce_id") if records[0].offset == offsets[partition] else None
                    )
        return found


def _record(raw: Any) -> Record:
    headers = tuple((name, value or b"") for name, value in raw.headers)  # a foreign record may hold nulls
    return Record(raw.topic, raw.partition, raw.offset, raw.key, headers, raw.value or b"")
