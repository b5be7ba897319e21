"""Kafka source: all partitions of one topic, read without a consumer group."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.connections import (
    ASK_LIMIT,
    COMMON,
    Brokers,
    KafkaTrouble,
    client_options,
    connected,
    ended,
    other_partitions,
    troubles,
)
from shared.kafka.records import Record

PAGE = 500
SILENCE = 1.0
FETCH_WAIT_MS = 5_000
"""A broker answers a fetch when there is something to be had, and else after this time: an idle topic is asked seldom.
Whoever seeks while a fetch waits has it before him.
"""
UNREADABLE = (("unreadable", b"the name of a header is no text"),)
"""The headers of a record that cannot be read."""


class KafkaSource:
    """All partitions of one topic, read without a group: where to begin is the reader's affair, and kept in its own
    database.
    """

    def __init__(self, consumer: AIOKafkaConsumer, asker: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._asker = asker
        self._topic = topic
        self._assigned: list[TopicPartition] = []
        self._next: dict[int, int] = {}
        self.partitions = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, brokers: Brokers | str, topic: str, partitions: int | None = None, only: Sequence[int] | None = None
    ) -> AsyncIterator[KafkaSource]:
        """A connected source, of all partitions where not of `only` some.

        Transient where Kafka does not answer, Halted where the topic has another number of `partitions`.
        """
        options = {
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": FETCH_WAIT_MS,
            **COMMON,
        } | client_options(brokers)
        # A broker answers one request after the other on a connection: the asker never fetches, or its questions would
        # wait behind fetches.
        both = consumer, asker = [AIOKafkaConsumer(**options) for _ in range(2)]
        source = cls(consumer, asker, topic)
        try:
            for each in both:
                await connected(each.start())
            with troubles():
                async with asyncio.timeout(ASK_LIMIT):
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
        self._next[partition] = offset
        self._consumer.seek(TopicPartition(self._topic, partition), offset)

    async def fetch(self, limit: float, most: int) -> dict[int, list[Record]]:
        """Up to `most` records by partition, each partition's in order; nothing where none came within `limit`
        seconds. A record that the library cannot read comes without its key and value.
        """
        try:
            fetched = await self._getmany(self._assigned, limit, most)
        except UnicodeDecodeError:
            fetched = await self._one_by_one()
        self._next |= {partition: records[-1].offset + 1 for partition, records in fetched.items()}
        return fetched

    async def _getmany(self, partitions: Sequence[TopicPartition], limit: float, most: int) -> dict[int, list[Record]]:
        with troubles():
            async with asyncio.timeout(limit + ASK_LIMIT):
                fetched = await self._consumer.getmany(*partitions, timeout_ms=int(limit * 1000), max_records=most)
        return {at.partition: [_record(raw) for raw in records] for at, records in fetched.items() if records}

    async def _one_by_one(self) -> dict[int, list[Record]]:
        """What stands before the record that cannot be read, and that one: the library throws all of it away."""
        ends = {partition: end for partition, (_, end) in (await self.bounds()).items()}
        for partition, offset in list(self._next.items()):
            self.seek(partition, offset)
        found = {
            at.partition: await self._up_to_unreadable(at, ends) for at in self._assigned if at.partition in self._next
        }
        return {partition: records for partition, records in found.items() if records}

    async def _up_to_unreadable(self, at: TopicPartition, ends: Mapping[int, int]) -> list[Record]:
        records: list[Record] = []
        offset = self._next[at.partition]
        while offset < ends[at.partition] and len(records) < PAGE:
            try:
                fetched = await self._getmany([at], SILENCE, 1)
            except UnicodeDecodeError:
                self.seek(at.partition, offset + 1)
                return [*records, Record(self._topic, at.partition, offset, None, UNREADABLE, b"")]
            if not fetched:
                break
            records += fetched[at.partition]
            offset = records[-1].offset + 1
        return records

    async def up_to_the_end(self, offsets: Mapping[int, int]) -> AsyncGenerator[Record, None]:
        """The records of each partition from its offset on, up to the end that it has now, and what came meanwhile;
        KafkaTrouble where they stop coming.
        """
        left, silence = await self._seek_all(offsets), 0.0
        while left:
            fetched = await self.fetch(SILENCE, PAGE)
            for records in fetched.values():
                for record in records:
                    yield record
            # By the reader's position, which also passes what is no record: the marks of other people's transactions.
            left = {partition: end for partition, end in left.items() if await self._position(partition) < end}
            silence = 0.0 if fetched else silence + SILENCE
            if silence >= ASK_LIMIT:
                raise KafkaTrouble(
                    f"{self._topic}: no record for {ASK_LIMIT:.0f} s, and partitions are not at their end"
                )

    async def _position(self, partition: int) -> int:
        return int(await self._consumer.position(TopicPartition(self._topic, partition)))

    async def _seek_all(self, offsets: Mapping[int, int]) -> dict[int, int]:
        """By partition that has records from its offset on: the end that it has now."""
        left = {}
        for partition, (first, end) in (await self.bounds()).items():
            begin = max(first, min(offsets.get(partition, end), end))
            self.seek(partition, begin)
            if begin < end:
                left[partition] = end
        return left

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
