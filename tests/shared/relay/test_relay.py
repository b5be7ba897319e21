"""The relay, on real PostgreSQL and Kafka: everything committed arrives, in order, whatever dies in between."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client import REGISTRY

from local_stack.kafka import Kafka
from local_stack.server import serving
from local_stack.state import PROJECT
from local_stack.topics import ensure_topics
from shared.events import codec
from shared.events.envelope import Metadata, Stored
from shared.events.logs import PARTITIONS
from shared.events.slot import slot_of
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import Ack, Outgoing, Record
from shared.relay import relay
from shared.relay.event_to_record import outgoing
from shared.relay.progress import RelayProgress, rewind
from shared.relay.relay import Relay
from shared.subscriptions.projection import Projection
from tests.cases.plugin import Came
from tests.support.servers import backing
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys import newer
from tests.support.toys.counter import cause
from tests.support.toys.marks import DAY_1, SOURCE, Flow, as_owner, count_versions, flow_on, mark, running

CUT_OFF = """
select pg_terminate_backend(pid) from pg_locks
where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
"""


@pytest.fixture
async def flow(
    migrated: Callable[[str], Awaitable[str]], kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), kafka, await fresh_topic("dispute.events")) as flow:
        yield flow


@dataclass
class Read:
    """A record as a stranger's client reads it."""

    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    value: bytes

    @property
    def position(self) -> int:
        return int(self.headers["ce_position"])


def read_topic(bootstrap: str, topic: str, partitions: int) -> list[Read]:
    """All that is in the topic, by librdkafka."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "stranger", "enable.auto.commit": False})
    limit = time.monotonic() + LIMIT
    ends = {p: end_of(consumer, TopicPartition(topic, p), limit) for p in range(partitions)}
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    found: list[Read] = []
    while len(found) < sum(ends.values()):
        assert time.monotonic() < limit
        for message in consumer.consume(500, timeout=0.2):
            found.append(read(message))
    consumer.close()
    return found


def end_of(consumer: Consumer, partition: TopicPartition, limit: float) -> int:
    while True:
        try:
            return int(consumer.get_watermark_offsets(partition, timeout=10)[1])
        except KafkaException:  # a topic so new that its leader does not know yet
            if time.monotonic() > limit:
                raise


def read(message: Any) -> Read:
    assert message.error() is None
    headers = {name: text.decode() for name, text in message.headers()}
    return Read(message.partition(), message.offset(), message.key().decode(), headers, message.value())


async def topic_of(flow: Flow) -> list[Read]:
    return await asyncio.to_thread(read_topic, flow.bootstrap, flow.topic, flow.partitions)


def by_partition(records: Sequence[Read]) -> Mapping[int, list[int]]:
    """The positions of each partition in the order of its offsets."""
    partitions: dict[int, list[int]] = defaultdict(list)
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        partitions[record.partition].append(record.position)
    return partitions


def first_occurrences(positions: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(positions))


async def all_published(relay: Relay) -> bool:
    return await relay.quiet() is None


async def test_a_stranger_reads_headers_keys_and_versions_as_promised(flow: Flow) -> None:
    await flow.record(
        "order-1",
        codec.EVENT_CLASSES["makewhole.OrderCarrierLost.v1"](order_id="1", lost_at="2026-03-02T09:00:00Z"),
        key="1",
    )
    await flow.fill(streams=40, versions=5, prefix="dispute")
    async with running(relay := flow.relay()):
        await eventually(partial(all_published, relay))
    records = await topic_of(flow)

    assert sorted(record.position for record in records) == list(range(1, 202))
    versions: dict[str, list[int]] = defaultdict(list)
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        versions[record.headers["ce_subject"]].append(int(record.headers["ce_sequence"]))
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert all(positions == sorted(positions) for positions in by_partition(records).values())
    (lost,) = [record for record in records if record.headers["ce_subject"] == "order-1"]
    assert lost.key == "1" == lost.headers["ce_partitionkey"]
    told = {"order_id": "1", "lost_at": "2026-03-02T09:00:00.000000Z", "lines": [], "parcels": []}
    assert json.loads(lost.value) == told
    log_id = str(await flow.store.log_id())
    assert (
        lost.headers.items()
        >= {
            "ce_specversion": "1.0",
            "ce_id": "order-1/1",
            "ce_source": SOURCE,
            "ce_type": "makewhole.OrderCarrierLost.v1",
            "ce_sequence": "1",
            "ce_position": "1",
            "ce_logid": log_id,
            "ce_time": "2026-03-02T09:00:00.000000Z",
            "content-type": "application/json",
            "ce_correlationid": "story",
            "ce_actor": "system:test",
            "ce_previous": "0",
        }.items()
    )


@pytest.mark.case(
    "EH1", given="an event with one field more, and one of a new type", right="published as stored, 3 of 3"
)
async def test_what_a_next_version_wrote_goes_through_as_it_is_stored(flow: Flow, came: Came) -> None:
    await flow.record(
        "order-1",
        newer.OrderCarrierLost(order_id="1", lost_at=DAY_1, last_seen=newer.DEPOT),
        newer.OrderRerouted(order_id="1", via=newer.DEPOT),
        mark("after"),
    )
    async with running(relay := flow.relay()):
        await eventually(partial(all_published, relay))
    records = sorted(await topic_of(flow), key=lambda record: record.position)
    stored = await flow.pool.fetch("select type, data::text as data from events order by position")
    assert [(record.headers["ce_type"], record.value.decode()) for record in records] == [tuple(row) for row in stored]
    depot = {"country": "PL", "scanner": "7"}
    assert json.loads(records[0].value)["last_seen"] == json.loads(records[1].value)["via"] == depot
    came(f"published as stored, {len(records)} of {len(stored)}")


NUMBERS = f'{{"a": 1.10, "b": 1{"0" * 29}}}'


@pytest.mark.case("EH1+2", given="1.10 and a number of 30 digits in an event", right=NUMBERS)
def test_a_number_goes_through_digit_by_digit(came: Came) -> None:
    metadata = json.loads(Metadata.of(cause(), "1").to_json())
    row = Stored("order-1", 1, 1, "1", "makewhole.Weighed.v9", NUMBERS.encode(), metadata)
    progress = RelayProgress("dispute.events", PARTITIONS, UUID(int=1), "", 1, 0, {})
    came(outgoing(progress, [row], SOURCE)[0].value.decode())


@pytest.mark.case("EH1+1", given="a row of the log whose data is no object", right="published, the relay goes on")
async def test_what_cannot_be_an_event_at_all_goes_through_and_stops_nobody(flow: Flow, came: Came) -> None:
    await flow.append("order-1", "before")
    await as_owner(
        flow.dsn,
        """insert into events values (2, 'order-1', 2, 'order-1', 'stranger', '[7]', '{"rank": 7}', now())""",
    )
    async with running(relay := flow.relay()):
        await eventually(partial(all_published, relay))
    (strange,) = [record for record in await topic_of(flow) if record.position == 2]
    assert (strange.value, strange.headers["ce_type"], strange.headers["ce_id"]) == (b"[7]", "stranger", "order-1/2")
    came("published, the relay goes on" if await relay.quiet() is None else "it stands still")


async def test_each_record_names_the_position_before_it_in_its_partition(flow: Flow) -> None:
    await flow.fill(streams=30, versions=3)
    async with running(relay := flow.relay()):
        await eventually(partial(all_published, relay))
        await flow.fill_more(streams=30)
        await eventually(partial(all_published, relay))
    for partition, positions in by_partition(records := await topic_of(flow)).items():
        named = {
            record.position: int(record.headers["ce_previous"]) for record in records if record.partition == partition
        }
        assert named == dict(zip(positions, [0, *positions], strict=False))


async def test_an_event_appended_while_the_relay_runs_is_published_within_moments(flow: Flow) -> None:
    async with running(relay := flow.relay()):
        await eventually(partial(all_published, relay))
        for n in range(20):
            await flow.append(f"order-{n}", "now")
            await eventually(partial(all_published, relay))


async def test_a_relay_killed_between_acknowledgement_and_checkpoint_repeats_only_a_suffix(
    flow: Flow, tmp_path: Path
) -> None:
    head = await flow.fill(streams=300, versions=4)
    environment = {**os.environ, "CRASH": f"{relay.AFTER_ACK}:2", "MAKEWHOLE_STATE": str(tmp_path)}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.toys.marks_process",
        "relay",
        flow.dsn,
        flow.bootstrap,
        flow.topic,
        cwd=PROJECT,
        env=environment,
    )
    assert await asyncio.wait_for(child.wait(), LIMIT) == -signal.SIGKILL
    async with running(restarted := flow.relay()):
        await eventually(partial(all_published, restarted))

    records = await topic_of(flow)
    assert len(records) == head + relay.BATCH
    for positions in by_partition(records).values():
        assert first_occurrences(positions) == sorted(set(positions))
        repeats = sum(later <= earlier for earlier, later in itertools.pairwise(positions))
        assert repeats <= 1, "a suffix once, and then on"
    assert {record.position for record in records} == set(range(1, head + 1))
    values = defaultdict(set)
    for record in records:
        values[record.headers["ce_id"]].add((record.partition, record.key, record.value, tuple(record.headers.items())))
    assert all(len(same) == 1 for same in values.values()), "a repeat is the same record, to the byte"


class Stumbling:
    """A publisher that acknowledges a part of each batch, as one does whose broker goes away in between."""

    def __init__(self, publisher: KafkaPublisher, most: int) -> None:
        self.inner = publisher
        self.most = most
        self.partitions, self.ids_at = publisher.partitions, publisher.ids_at
        self.records_from = publisher.records_from

    async def publish(self, batch: Sequence[Outgoing]) -> Sequence[Ack]:
        return (await self.inner.publish(batch))[: self.most]


async def test_only_what_is_acknowledged_without_a_gap_is_checkpointed_and_the_publisher_thrown_away(
    flow: Flow,
) -> None:
    checkpoints: list[int] = []
    most = itertools.chain([3, 0, 4], itertools.repeat(1000))

    @contextlib.asynccontextmanager
    async def stumbling() -> AsyncIterator[Stumbling]:
        checkpoints.append(
            await flow.pool.fetchval("select coalesce(max(position), 0) from checkpoints where partition = -1")
        )
        async with flow.publisher() as publisher:
            yield Stumbling(publisher, next(most))

    await flow.fill(streams=10, versions=1)
    async with running(relay := flow.relay(stumbling)):
        await eventually(partial(all_published, relay))
    assert checkpoints == [0, 3, 3, 7]
    for positions in by_partition(await topic_of(flow)).values():
        assert first_occurrences(positions) == sorted(set(positions))


class Gate:
    """A publisher that stops between Kafka's acknowledgement and the relay's knowing it."""

    def __init__(self, publisher: KafkaPublisher) -> None:
        self.inner = publisher
        self.partitions = publisher.partitions
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def ids_at(self, offsets: Mapping[int, int]) -> Mapping[int, str | None]:
        return await self.inner.ids_at(offsets)

    def records_from(self, offsets: Mapping[int, int]) -> AsyncGenerator[Record, None]:
        return self.inner.records_from(offsets)

    async def publish(self, batch: Sequence[Outgoing]) -> Sequence[Ack]:
        acks = await self.inner.publish(batch)
        self.reached.set()
        await self.opened.wait()
        return acks


async def test_the_second_relay_waits_and_takes_over_when_the_first_is_gone(flow: Flow) -> None:
    first, second = flow.relay(), flow.relay()
    async with running(second):
        async with running(first):
            await eventually(lambda: asyncio.gather(all_published(first), all_published(second)))
            await flow.fill(streams=20, versions=2)
            await eventually(partial(either_published, first, second))
        await flow.append("order-late", "x")
        await eventually(partial(all_published, second))
    assert len(await topic_of(flow)) == 41


async def either_published(*relays: Relay) -> bool:
    return None in [await each.quiet() for each in relays]


async def test_a_relay_whose_lease_is_cut_off_can_only_repeat(flow: Flow) -> None:
    await flow.fill(streams=50, versions=1)
    gates: list[Gate] = []

    @contextlib.asynccontextmanager
    async def gated() -> AsyncIterator[Gate]:
        async with flow.publisher() as publisher:
            gates.append(Gate(publisher))
            yield gates[-1]

    async with running(zombie := flow.relay(gated)):
        await eventually(lambda: gates and gates[0].reached.is_set())
        epoch = await flow.pool.fetchval(
            "update checkpoints set epoch = epoch + 1 where subscription = 'relay' and partition = -1 returning epoch"
        )
        gates[0].opened.set()
        await eventually(lambda: len(gates) > 1)
        (taken,) = await flow.pool.fetch(
            "select position, epoch from checkpoints where subscription = 'relay' and partition = -1"
        )
        assert taken["position"] == 0, "the zombie's checkpoint is refused"
        assert taken["epoch"] >= epoch
        await eventually(gates[1].reached.is_set)
        gates[1].opened.set()
        await eventually(partial(all_published, zombie))
    for positions in by_partition(await topic_of(flow)).values():
        assert first_occurrences(positions) == sorted(set(positions))


async def test_a_relay_without_its_lease_stops_sending_at_once(flow: Flow) -> None:
    gates: list[Gate] = []

    @contextlib.asynccontextmanager
    async def gated() -> AsyncIterator[Gate]:
        async with flow.publisher() as publisher:
            gates.append(Gate(publisher))
            yield gates[-1]

    await flow.append("order-1", "x")
    async with running(flow.relay(gated)):
        await eventually(lambda: gates and gates[0].reached.is_set())
        await as_owner(flow.dsn, CUT_OFF)
        await eventually(lambda: len(gates) > 1)  # the first is still at its gate


class Broker:
    """A broker of its own, that can be away and come back."""

    def __init__(self, state: Path) -> None:
        self.server = Kafka(state, *backing.free_ports(2))
        self._log = state / "log"
        self._life = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self._child = await self._life.enter_async_context(serving(self.server, self._log))

    async def stop(self) -> None:
        await self._life.aclose()

    async def freeze(self) -> None:
        os.kill(self._child.pid, signal.SIGSTOP)

    async def thaw(self) -> None:
        os.kill(self._child.pid, signal.SIGCONT)


LEAVES = [
    pytest.param(Broker.freeze, Broker.thaw, id="frozen"),
    pytest.param(Broker.stop, Broker.start, id="stopped", marks=pytest.mark.proof),
]
"""How a broker goes and comes back."""


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    with backing.temporary_state() as state:
        broker = Broker(state)
        await broker.start()
        await ensure_topics(broker.server.bootstrap, ["dispute.events"])
        yield broker
        await broker.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("leave", "come_back"), LEAVES)
async def test_a_broker_that_is_away_means_lag_which_returns_to_zero(
    broker: Broker,
    migrated: Callable[[str], Awaitable[str]],
    leave: Callable[[Broker], Awaitable[None]],
    come_back: Callable[[Broker], Awaitable[None]],
) -> None:
    async with flow_on(await migrated("dispute"), broker.server.bootstrap, "dispute.events") as flow:
        await flow.fill(streams=100, versions=2)
        async with running(relay := flow.relay(), flow.subscription("seen", Projection(count_versions))):
            await eventually(flow.projected)
            await leave(broker)
            head = await flow.fill_more(streams=100)
            await eventually(lambda: lag() == 100)
            await come_back(broker)
            await eventually(partial(all_published, relay))
            await eventually(flow.projected)
            await eventually(lambda: lag() == 0)
        records = await topic_of(flow)
    assert {record.position for record in records} == set(range(1, head + 1))
    for positions in by_partition(records).values():
        assert first_occurrences(positions) == sorted(set(positions))


def lag() -> float | None:
    """What Prometheus hears."""
    return REGISTRY.get_sample_value("makewhole_relay_lag_events", {"topic": "dispute.events"})


@pytest.mark.slow
@pytest.mark.parametrize(("leave", "come_back"), LEAVES)
async def test_while_the_broker_is_away_everything_still_stops_in_time(
    broker: Broker,
    migrated: Callable[[str], Awaitable[str]],
    leave: Callable[[Broker], Awaitable[None]],
    come_back: Callable[[Broker], Awaitable[None]],
) -> None:
    async with flow_on(await migrated("dispute"), broker.server.bootstrap, "dispute.events") as flow:
        components = flow.relay(), flow.subscription("seen", Projection(count_versions))
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(running(*components))
            await flow.fill(streams=10, versions=1)
            await eventually(flow.projected)
            await leave(broker)
            await flow.fill_more(streams=10)
            with pytest.raises(TimeoutError):
                await eventually(partial(all_published, components[0]), limit=1)
            async with asyncio.timeout(LIMIT):
                await stack.aclose()
        left = [task.get_name() + repr(task) for task in asyncio.all_tasks() if "aiokafka" in repr(task)]
        print(*left, sep="\n")
        await come_back(broker)
        assert left == []


async def test_with_no_broker_at_all_the_relay_still_stops(migrated: Callable[[str], Awaitable[str]]) -> None:
    dead = f"127.0.0.1:{backing.free_ports(1)[0]}"
    async with flow_on(await migrated("dispute"), dead, "dispute.events") as flow:
        await flow.append("order-1", "x")
        task = asyncio.create_task((relay := flow.relay()).run())
        await eventually(partial(reason, relay, "Kafka"))
        task.cancel()
        await asyncio.wait([task], timeout=LIMIT)
        assert task.cancelled()


async def reason(relay: Relay, text: str) -> bool:
    return text in (await relay.quiet() or "")


async def test_a_topic_created_anew_stops_the_relay_until_it_is_rewound(flow: Flow) -> None:
    await flow.fill(streams=30, versions=2)
    async with running(before := flow.relay()):
        await eventually(partial(all_published, before))
    await create_anew(flow)
    async with running(after := flow.relay()):
        await eventually(partial(reason, after, "makewhole relay rewind"))
        await rewind(flow.pool, flow.topic)
        await eventually(partial(all_published, after))
    assert sorted(record.position for record in await topic_of(flow)) == list(range(1, 61))


async def test_a_topic_that_holds_other_records_stops_the_relay(flow: Flow) -> None:
    await flow.fill(streams=30, versions=1)
    async with running(before := flow.relay()):
        await eventually(partial(all_published, before))
    await create_anew(flow)
    async with flow.publisher() as publisher:
        strange = [Outgoing(p, b"k", b"{}", [("ce_id", b"strange/1")]) for p in range(PARTITIONS) for _ in range(30)]
        assert len(await publisher.publish(strange)) == len(strange)
    async with running(after := flow.relay()):
        await eventually(partial(reason, after, "does not hold"))


async def create_anew(flow: Flow) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=flow.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([flow.topic])
        await eventually(partial(is_absent, admin, flow.topic))
    finally:
        await admin.close()
    await ensure_topics(flow.bootstrap, [flow.topic])


async def is_absent(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await admin.list_topics()


async def test_a_log_that_names_its_former_life_is_published_on_and_each_record_says_whose_events_it_shares(
    flow: Flow,
) -> None:
    former = await flow.store.log_id()
    await flow.fill(streams=20, versions=1)
    async with running(before := flow.relay()):
        await eventually(partial(all_published, before))
    await flow.append("order-0", "published by the next life")
    await flow.another_life()
    await flow.append("order-1", "of the next life")
    async with running(after := flow.relay()):
        await eventually(partial(all_published, after))
    records = sorted(await topic_of(flow), key=lambda record: record.position)
    told = [(record.position, record.headers["ce_logid"], record.headers.get("ce_loglineage")) for record in records]
    log_id = str(await flow.store.log_id())
    assert told[:20] == [(position, str(former), None) for position in range(1, 21)]
    assert told[20:] == [(position, log_id, f"{former}@21") for position in (21, 22)]
    for positions in by_partition(records).values():
        assert positions == sorted(set(positions))


async def test_a_life_after_the_next_names_both(flow: Flow) -> None:
    ids = []
    for _ in range(3):
        ids.append(str(await flow.store.log_id()))
        await flow.append("order-1", "x")
        await flow.another_life()
    lineage = await flow.pool.fetchval("select lineage from log")
    assert lineage == " ".join(f"{log_id}@{position}" for position, log_id in reversed(list(enumerate(ids, 1))))


async def test_a_restored_log_stops_the_relay(flow: Flow) -> None:
    await flow.append("order-1", "x")
    async with running(before := flow.relay()):
        await eventually(partial(all_published, before))
    await flow.new_log_id()
    async with running(after := flow.relay()):
        await eventually(partial(reason, after, "a restore?"))


async def test_a_topic_with_another_number_of_partitions_is_refused(
    flow: Flow, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    flow.topic = await fresh_topic("dispute.events", 3)
    async with running(relay := flow.relay()):
        await eventually(partial(reason, relay, "3 partitions instead of 12"))


async def test_a_topic_of_other_partitions_than_the_log_was_made_for_is_refused(
    flow: Flow, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    flow.partitions, flow.topic = 24, await fresh_topic("dispute.events", 24)
    async with running(relay := flow.relay()):
        await eventually(partial(reason, relay, "set MAKEWHOLE_PARTITIONS=12"))
    assert await topic_of(flow) == []


async def test_a_key_stands_in_its_slots_partition_whatever_their_number(
    databases: backing.Databases, kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    dsn, topic = await databases.migrated("dispute", 96), await fresh_topic("dispute.events", 96)
    async with flow_on(dsn, kafka, topic) as flow:
        flow.partitions = 96
        async with running(relay := flow.relay(), flow.subscription("seen", Projection(count_versions))):
            await flow.fill(streams=60, versions=2)
            await eventually(partial(all_published, relay))
            await eventually(flow.projected)
        records = await topic_of(flow)
    assert {(record.key, record.partition) for record in records} == {
        (f"order-{n}", slot_of(f"order-{n}") % 96) for n in range(60)
    }
