"""Shared source, in memory: one reading for all who stand close together, each record once and in order for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from shared.kafka.records import Record
from shared.resilience.retry import Transient
from shared.subscriptions.shared_source import AHEAD, SharedSource
from shared.subscriptions.source import Source


class Topic:
    """Two partitions in memory, and how often they were opened."""

    def __init__(self, *lengths: int) -> None:
        self.records = [[Record("t", p, offset, b"k", (), b"") for offset in range(n)] for p, n in enumerate(lengths)]
        self.opened = 0
        self.broken = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Source]:
        self.opened += 1
        yield Reader(self)


class Reader:
    """One reading of the topic."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._at = [0] * len(topic.records)
        self.partitions = len(topic.records)

    async def bounds(self) -> dict[int, tuple[int, int]]:
        return {p: (0, len(records)) for p, records in enumerate(self._topic.records)}

    def seek(self, partition: int, offset: int) -> None:
        self._at[partition] = offset

    async def fetch(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        await asyncio.sleep(0)
        if self._topic.broken:
            raise Transient("the broker is away")
        found = {p: records[self._at[p] : self._at[p] + most] for p, records in enumerate(self._topic.records)}
        for partition, records in found.items():
            self._at[partition] += len(records)
        return {partition: records for partition, records in found.items() if records}


async def taken(source: Source, ends: Sequence[int]) -> list[Record]:
    """All there is, once it has come."""
    records: list[Record] = []
    while any(sum(each.partition == p for each in records) < end for p, end in enumerate(ends)):
        found = await source.fetch(0.01, 50)
        records += [record for some in found.values() for record in some]
    return records


def begin(source: Source, *offsets: int) -> None:
    for partition, offset in enumerate(offsets):
        source.seek(partition, offset)


def places(records: Sequence[Record], partition: int) -> list[int]:
    return [each.offset for each in records if each.partition == partition]


async def test_all_read_once_and_get_the_same_records() -> None:
    topic = Topic(300, 200)
    shared = SharedSource(topic.open)
    async with shared.opened() as one, shared.opened() as other:
        begin(one, 0, 0)
        begin(other, 10, 0)
        mine, theirs = await asyncio.gather(taken(one, (300, 200)), taken(other, (290, 200)))
    assert places(mine, 0) == list(range(300))
    assert places(theirs, 0) == list(range(10, 300))
    assert places(mine, 1) == places(theirs, 1) == list(range(200))
    assert {id(each) for each in theirs} <= {id(each) for each in mine}
    assert topic.opened == 1


async def test_who_stands_a_little_behind_reads_along_from_there() -> None:
    topic = Topic(300)
    shared = SharedSource(topic.open)
    async with shared.opened() as one, shared.opened() as other:
        begin(one, 200)
        assert places(await taken(one, (100,)), 0) == list(range(200, 300))
        begin(other, 5)
        assert places(await taken(other, (295,)), 0) == list(range(5, 300))
        topic.records[0] += [Record("t", 0, 300, b"k", (), b"")]
        assert places(await taken(one, (1,)), 0) == [300]
    assert topic.opened == 1


@pytest.mark.parametrize("late_first", [False, True])
async def test_who_stands_far_behind_reads_alone_and_keeps_nobody_waiting(late_first: bool) -> None:
    end = 3 * AHEAD
    topic = Topic(end)
    shared = SharedSource(topic.open)
    async with shared.opened() as late, shared.opened() as prompt:
        begin(late, 0)
        if late_first:
            assert await late.fetch(0.01, 50)
        begin(prompt, end - 10)
        assert places(await taken(prompt, (10,)), 0) == list(range(end - 10, end))
        seen = places(await taken(late, (end - 50 * late_first,)), 0)
        assert seen == list(range(50 * late_first, end))
    assert topic.opened == 2


async def test_a_reader_that_stands_still_holds_the_others_up_no_longer_than_it_is_open() -> None:
    topic = Topic(3 * AHEAD)
    shared = SharedSource(topic.open)
    async with shared.opened() as prompt, AsyncExitStack() as stack:
        stuck = await stack.enter_async_context(shared.opened())
        begin(stuck, 0)
        begin(prompt, 0)
        assert await stuck.fetch(0.01, 1)
        reading = asyncio.create_task(taken(prompt, (3 * AHEAD,)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(reading), 0.2)
        await stack.aclose()
        assert places(await reading, 0) == list(range(3 * AHEAD))


async def test_a_broken_reading_fails_all_who_share_it_and_is_opened_anew() -> None:
    topic = Topic(10)
    shared = SharedSource(topic.open)
    async with shared.opened() as one, shared.opened() as other:
        begin(one, 0)
        begin(other, 0)
        topic.broken = True
        for each in (one, other):
            with pytest.raises(Transient):
                await each.fetch(0.01, 50)
        topic.broken = False
        async with shared.opened() as again:
            begin(again, 0)
            assert places(await taken(again, (10,)), 0) == list(range(10))
    assert topic.opened == 2
