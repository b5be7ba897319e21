"""Laws of delivery: repeats, interleavings, restarts and lost records never change what a subscription makes of a
topic.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.events import codec
from shared.events.envelope import Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.eventstore.lease_session import Leases
from shared.kafka.records import Record
from shared.kafka.signatures import SIGNATURE, LogKeys
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery, Follower, Quarantined, Recreated
from shared.subscriptions.foreign_topic import ForeignFollower
from shared.subscriptions.projection import Projection
from shared.subscriptions.subscription import Subscription
from tests.laws.size import examples
from tests.support.servers import backing
from tests.support.servers.stack import eventually
from tests.support.toys.marks import DAY_1, Flow, count_versions, flow_on, mark, running

LOG = UUID(int=1)
TOPIC = "dispute.events"
PARTITIONS = 3
# What the log holds: for each event its stream; a stream's partition is its number modulo PARTITIONS.
LOGS = st.lists(st.integers(0, 6), max_size=30)
State = dict[str, list[int]]


def events_of(streams: Sequence[int]) -> list[Recorded[Any]]:
    """The log."""
    versions: dict[int, int] = {}
    log = []
    for position, stream in enumerate(streams, 1):
        versions[stream] = versions.get(stream, 0) + 1
        metadata = Metadata(DAY_1, derived_uuid(position), "", "system:test", "story", None, None, str(stream))
        log.append(Recorded(f"order-{stream}", versions[stream], position, mark("x"), metadata))
    return log


def partitions_of(
    log: Sequence[Recorded[Any]], log_id: UUID = LOG, lineage: str = "", keys: LogKeys | None = None
) -> list[list[Record]]:
    """Each partition as a relay that never fails would write it; offsets are given when it is delivered."""
    partitions: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    previous = [0] * PARTITIONS
    for recorded in log:
        at = int(recorded.metadata.key) % PARTITIONS
        row = codec.stored(recorded)
        headers = [*codec.headers(row, "/test", log_id, lineage), ("ce_previous", str(previous[at]).encode())]
        if keys:
            headers.append((SIGNATURE, keys.sign(at, dict(headers), row.key.encode(), row.data)))
        partitions[at].append(Record(TOPIC, at, 0, row.key.encode(), tuple(headers), row.data))
        previous[at] = recorded.position
    return partitions


def with_offsets(records: Sequence[Record]) -> list[Record]:
    return [replace(record, offset=offset) for offset, record in enumerate(records)]


@st.composite
def repeated(draw: st.DrawFn, records: Sequence[Record]) -> list[Record]:
    """The true sequence with suffixes of what was written repeated at any moment: what crashes, take-overs and zombies
    leave behind.
    """
    written: list[Record] = []
    reached = 0
    while reached < len(records):
        start = draw(st.integers(0, reached))
        end = draw(st.integers(start, len(records)))
        written += records[start:end] or records[reached : reached + 1]
        reached = max(reached, end, reached + (start == end))
    return with_offsets(written)


@dataclass
class Reader:
    """A subscription without I/O: followers from checkpoints, and the state that their deliveries make."""

    state: State = field(default_factory=dict)
    marks: dict[int, Checkpoint] = field(default_factory=lambda: {p: Checkpoint(p) for p in range(PARTITIONS)})
    keys: LogKeys | None = None
    quarantined: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What was in memory is gone; the checkpoints are there."""
        self.followers = {p: Follower(mark, self.keys) for p, mark in self.marks.items()}

    def take(self, record: Record) -> None:
        follower = self.followers[record.partition]
        try:
            self._project(follower.take(record))
        except Recreated:
            follower.restart(0)
        self.marks[record.partition] = follower.checkpoint

    def _project(self, delivery: Delivery | Quarantined | None) -> None:
        if isinstance(delivery, Quarantined):
            self.quarantined.append(delivery.reason)
        elif delivery:
            self.state.setdefault(delivery.stream, []).append(delivery.recorded.version)


def straight(partitions: Sequence[Sequence[Record]]) -> State:
    reader = Reader()
    for record in itertools.chain(*map(with_offsets, partitions)):
        reader.take(record)
    return reader.state


@given(streams=LOGS, data=st.data())
def test_repeats_interleavings_and_restarts_end_in_an_equal_state(streams: Sequence[int], data: st.DataObject) -> None:
    partitions = partitions_of(events_of(streams))
    topic = [data.draw(repeated(partition)) for partition in partitions]
    reader, read = Reader(), [0] * PARTITIONS
    while any(at < len(partition) for at, partition in zip(read, topic, strict=True)):
        at = data.draw(st.sampled_from([p for p in range(PARTITIONS) if read[p] < len(topic[p])]))
        reader.take(topic[at][read[at]])
        read[at] += 1
        if data.draw(st.booleans()):
            reader.restart()
            read = (
                [max(0, reader.marks[p].next_offset - 1) for p in range(PARTITIONS)]
                if data.draw(st.booleans())
                else read
            )
    assert reader.state == straight(partitions)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in reader.state.values())


@given(streams=LOGS, data=st.data())
def test_behind_a_lost_record_nothing_is_taken_until_it_is_sent_again(
    streams: Sequence[int], data: st.DataObject
) -> None:
    (partition, *_) = partitions_of(events_of([3 * stream for stream in streams]))
    assume(partition)
    lost = data.draw(st.integers(0, len(partition) - 1))
    reader = Reader()
    for record in with_offsets(partition[:lost] + partition[lost + 1 :]):
        reader.take(record)
    assert reader.marks[0].position == (position(partition[lost - 1]) if lost else 0)
    assert reader.followers[0].gap or lost == len(partition) - 1
    rewound = with_offsets([*partition[:lost], *partition[lost + 1 :], *partition])
    for record in rewound[len(partition) - 1 :]:
        reader.take(record)
    assert reader.state == straight([partition])
    assert reader.followers[0].gap is None


def position(record: Record) -> int:
    return int(record.header("ce_position") or 0)


@given(streams=LOGS.filter(bool), data=st.data())
def test_a_topic_created_anew_is_noticed_or_changes_nothing(streams: Sequence[int], data: st.DataObject) -> None:
    """The new topic has other repeats, so the checkpoint's offset may point anywhere in it."""
    partitions = partitions_of(events_of(streams))
    reader = Reader()
    read = [data.draw(st.integers(0, len(partition))) for partition in partitions]
    old = [data.draw(repeated(partition[:end])) for partition, end in zip(partitions, read, strict=True)]
    for record in itertools.chain(*old):
        reader.take(record)
    new = [with_offsets(partition) for partition in partitions]
    reader.restart()
    for at, partition in enumerate(new):
        offset = reader.marks[at].next_offset
        follow(reader, partition, 0 if offset > len(partition) else max(0, offset - 1))
    assert reader.state == straight(partitions)


def follow(reader: Reader, partition: Sequence[Record], offset: int) -> None:
    """Reads to the end, from the beginning again where the follower asks for it."""
    follower = reader.followers[partition[0].partition] if partition else None
    if follower and offset == 0:
        follower.restart(0)
    while follower and offset < len(partition):
        try:
            reader._project(follower.take(partition[offset]))
            offset += 1
        except Recreated:
            follower.restart(offset := 0)


@given(streams=LOGS.filter(bool))
def test_another_log_is_never_mixed_in(streams: Sequence[int]) -> None:
    reader = Reader()
    records = [record for partition in partitions_of(events_of(streams)) for record in with_offsets(partition)]
    for record in records:
        reader.take(record)
    for record in records:
        strange = replace(
            record,
            offset=record.offset + 100,
            headers=tuple((n, str(UUID(int=2)).encode() if n == "ce_logid" else t) for n, t in record.headers),
        )
        reader.take(strange)
    assert [reason.partition(":")[0] for reason in reader.quarantined] == ["foreign"] * len(records)
    assert reader.state == straight(partitions_of(events_of(streams)))


@given(values=st.lists(st.integers(0, 5), max_size=20), restarts=st.lists(st.integers(0, 20), max_size=4))
def test_a_foreign_topic_is_taken_offset_by_offset(values: Sequence[int], restarts: Sequence[int]) -> None:
    records = with_offsets([Record("order.events", 0, 0, b"k", (), b"%d" % value) for value in values])
    taken: list[bytes] = []
    follower = ForeignFollower(Checkpoint(0), lambda record: events_of([0])[0])
    for back in [*restarts, 20]:
        for record in records[max(0, follower.checkpoint.next_offset - 1) : back]:
            taken += [delivery.record.value] if (delivery := follower.take(record)) else []
    assert taken == [record.value for record in records]


class MemorySource:
    """A topic in memory; `turns` says which partitions deliver next, and how much."""

    def __init__(self, partitions: Sequence[Sequence[Record]], turns: Iterator[tuple[int, int]]) -> None:
        self._partitions = partitions
        self.partitions = len(partitions)
        self._turns = turns
        self._at = [0] * len(partitions)

    async def bounds(self) -> dict[int, tuple[int, int]]:
        return {p: (0, len(records)) for p, records in enumerate(self._partitions)}

    def seek(self, partition: int, offset: int) -> None:
        self._at[partition] = offset

    async def fetch(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        await asyncio.sleep(0)
        ready = [p for p, records in enumerate(self._partitions) if self._at[p] < len(records)]
        if not ready:
            await asyncio.sleep(0.01)
            return {}
        turn, count = next(self._turns)
        first = turn % len(ready)
        chosen = {p: self._partitions[p][self._at[p] : self._at[p] + count] for p in ready[first:]}
        for partition, records in chosen.items():
            self._at[partition] += len(records)
        return chosen


@pytest.fixture(scope="module")
async def flow(databases: backing.Databases) -> AsyncIterator[Flow]:
    async with flow_on(await databases.migrated("dispute", PARTITIONS), "no kafka", TOPIC) as flow:
        yield flow


_names = map("law-{}".format, itertools.count())


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(streams=LOGS, data=st.data())
async def test_rows_and_checkpoints_on_postgresql_obey_the_same_law(
    flow: Flow, streams: Sequence[int], data: st.DataObject
) -> None:
    partitions = partitions_of(events_of(streams))
    topic = [data.draw(repeated(partition)) for partition in partitions]
    turns = data.draw(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 5)), min_size=1, max_size=5))
    name = next(_names)
    await flow.pool.execute("delete from seen")
    for end in (
        data.draw(st.integers(0, max(map(len, topic)))),
        None,
    ):  # a first worker sees the topic's beginning, a second one all of it
        source = MemorySource([records[:end] for records in topic], itertools.cycle(turns))
        subscription = Subscription(
            name, TOPIC, Projection(count_versions), flow.pool, Leases(flow.dsn), partial(opened, source)
        )
        async with running(subscription):
            await eventually(partial(is_quiet, subscription))
    assert await flow.seen() == straight(partitions)


@asynccontextmanager
async def opened(source: MemorySource) -> AsyncIterator[MemorySource]:
    yield source


async def is_quiet(subscription: Subscription) -> bool:
    return await subscription.quiet() is None
