"""Subscriptions, on real PostgreSQL and Kafka: what the topic says, once, in order, whatever dies in between."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local_stack.state import PROJECT
from shared.events.envelope import Recorded
from shared.events.fingerprint import fingerprint_of
from shared.events.logs import PARTITIONS
from shared.events.slot import SlotPosition, slot_of
from shared.eventstore.log_identity import identify
from shared.kafka.records import Outgoing, Record
from shared.kafka.signatures import LogKeys
from shared.relay.progress import rewind
from shared.resilience.retry import GaveUp
from shared.subscriptions import checkpoints
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.foreign_topic import foreign_recorded
from shared.subscriptions.freshness import ProjectionBehind, projected, wait_for_position
from shared.subscriptions.projection import Projection
from shared.subscriptions.subscription import Subscription
from tests.shared.relay.test_relay import create_anew, topic_of
from tests.support.servers import backing
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys import marks_process as flow_process
from tests.support.toys.marks import Flow, as_owner, count_versions, flow_on, mark, running, word

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection


@pytest.fixture
async def flow(
    migrated: Callable[[str], Awaitable[str]], kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), kafka, await fresh_topic("dispute.events")) as flow:
        yield flow


def counting(flow: Flow, name: str = "seen") -> Subscription:
    return flow.subscription(name, Projection(count_versions))


async def is_quiet(*components: Any) -> bool:
    return all([await component.quiet() is None for component in components])


async def says(component: Any, text: str) -> bool:
    return text in (await component.quiet() or "")


async def publish_all(flow: Flow) -> None:
    async with running(each := flow.relay()):
        await eventually(partial(is_quiet, each))


async def test_a_projection_sees_every_event_once_and_each_stream_in_order(flow: Flow) -> None:
    subscription, published = counting(flow), flow.relay()
    async with running(subscription, published):
        await flow.fill(streams=60, versions=5)
        await eventually(partial(is_quiet, published, subscription))
    assert await flow.seen() == await flow.logged() == {f"order-{n}": [1, 2, 3, 4, 5] for n in range(60)}


async def test_a_batch_may_be_projected_at_once(flow: Flow) -> None:
    sizes: list[int] = []

    async def count_all(connection: "Connection", batch: Any) -> None:
        sizes.append(len(batch))
        for recorded in batch:
            await count_versions(connection, recorded)

    await flow.fill(streams=60, versions=5)
    await publish_all(flow)
    async with running(flow.subscription("seen", Projection(count_versions, count_all))):
        await eventually(flow.projected)
    assert max(sizes) > 10


async def test_a_projection_killed_in_mid_batch_leaves_rows_and_checkpoint_together(flow: Flow, tmp_path: Path) -> None:
    await flow.fill(streams=50, versions=4)
    await publish_all(flow)
    environment = {**os.environ, "CRASH": f"{flow_process.HALF_WAY}:133", "MAKEWHOLE_STATE": str(tmp_path)}
    command = [
        sys.executable,
        "-m",
        "tests.support.toys.marks_process",
        "projection",
        flow.dsn,
        flow.bootstrap,
        flow.topic,
    ]
    child = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=environment)
    assert await asyncio.wait_for(child.wait(), LIMIT) == -signal.SIGKILL

    rows = sum(len(versions) for versions in (await flow.seen()).values())
    assert rows < 133
    passed = await flow.pool.fetchval(
        "select coalesce(sum(next_offset), 0)::int from checkpoints where subscription = 'seen'"
    )
    assert rows == passed
    async with running(counting(flow)):
        await eventually(flow.projected)


async def test_what_a_relay_repeats_is_skipped(flow: Flow) -> None:
    await flow.fill(streams=30, versions=3)
    subscription = counting(flow)
    async with running(subscription):
        await publish_all(flow)
        await eventually(flow.projected)
        await rewind(flow.pool, flow.topic)
        await publish_all(flow)
        await flow.fill_more(streams=30)
        await publish_all(flow)
        await eventually(partial(is_quiet, subscription))
    assert len(await topic_of(flow)) == 210
    assert await flow.projected()


async def test_a_topic_created_anew_and_published_again_changes_nothing(flow: Flow) -> None:
    await flow.fill(streams=30, versions=3)
    await publish_all(flow)
    async with running(counting(flow)):
        await eventually(flow.projected)
    await create_anew(flow)
    await rewind(flow.pool, flow.topic)
    await flow.fill(streams=30, versions=4)
    await publish_all(flow)
    async with running(again := counting(flow)):
        await eventually(partial(is_quiet, again))
    assert await flow.projected()


async def test_records_that_a_topic_has_lost_hold_the_partition_until_they_are_published_again(flow: Flow) -> None:
    await flow.append("order-1", "a", "b", "c")
    await flow.append("order-2", "a", "b")
    await publish_all(flow)
    whole = await topic_of(flow)
    await create_anew(flow)
    async with flow.publisher() as publisher:
        kept = [record for record in whole if record.headers["ce_id"] != "order-1/2"]
        await publisher.publish(
            [
                Outgoing(
                    r.partition, r.key.encode(), r.value, [(name, text.encode()) for name, text in r.headers.items()]
                )
                for r in kept
            ]
        )
    async with running(subscription := counting(flow)):
        await eventually(partial(says, subscription, "the events after position 1 up to 2 are missing"))
        await eventually(lambda: has_seen(flow, {"order-1": [1], "order-2": [1, 2]}))
        await rewind(flow.pool, flow.topic)
        await publish_all(flow)
        await eventually(partial(is_quiet, subscription))
    assert await flow.projected()


async def has_seen(flow: Flow, expected: object) -> bool:
    return await flow.seen() == expected


async def test_a_log_that_continues_the_followed_one_is_followed_on(flow: Flow) -> None:
    await flow.fill(streams=20, versions=1)
    await publish_all(flow)
    async with running(counting(flow)):
        await eventually(flow.projected)
        await flow.another_life()
        await flow.fill(streams=20, versions=1)
        await publish_all(flow)
        await eventually(flow.projected)
    (life,) = await flow.pool.fetch("select log_id, lineage from log")
    rows = await flow.pool.fetch(
        "select distinct log_id, lineage from checkpoints where subscription = 'seen' and position > 20"
    )
    assert [tuple(row) for row in rows] == [tuple(life)]
    async with running(again := counting(flow)):
        await eventually(partial(is_quiet, again))
    assert await flow.projected()
    assert await projected(flow.pool, "seen", await flow.store.head())


async def test_who_has_seen_events_that_a_restore_lost_stops_and_says_from_where_on(flow: Flow) -> None:
    await flow.append("order-1", "a")
    await publish_all(flow)
    async with running(subscription := counting(flow)):
        await eventually(flow.projected)
        await flow.another_life()
        await as_owner(flow.dsn, "update log set lineage = regexp_replace(lineage, '@.*', '@0')")
        await rewind(flow.pool, flow.topic)
        await flow.append("order-1", "b")
        await publish_all(flow)
        await eventually(partial(says, subscription, "from position 0 on, and here the events up to 1 were taken"))
    assert await flow.seen() == {"order-1": [1]}


async def test_a_log_that_continues_none_that_was_followed_is_quarantined_record_by_record(flow: Flow) -> None:
    await flow.append("order-1", "a")
    await publish_all(flow)
    async with running(subscription := counting(flow)):
        await eventually(flow.projected)
        await flow.new_log_id()
        await rewind(flow.pool, flow.topic)
        await flow.append("order-2", "a", key="order-1")
        await publish_all(flow)
        await eventually(partial(is_quiet, subscription))
        assert subscription.needs_attention() == "2 records in quarantine"
        assert subscription.halted() is None
    assert await flow.seen() == {"order-1": [1]}
    assert await quarantined(flow) == ["foreign"] * 2


async def quarantined(flow: Flow) -> list[str]:
    rows = await flow.pool.fetch("select reason from quarantine order by partition, record_offset")
    return [row["reason"].partition(":")[0] for row in rows]


POISON = "poison"


async def refuse_poison(connection: "Connection", recorded: Recorded[Any]) -> None:
    await count_versions(connection, recorded)
    if word(recorded) == POISON:
        raise ValueError("cannot be handled")


async def test_poison_parks_only_its_stream_with_what_follows_in_it(flow: Flow) -> None:
    await flow.append("order-1", "a", POISON, "c", key="k")
    await flow.append("order-2", "a", "b", key="k")
    await flow.fill(streams=20, versions=2, prefix="other")
    await publish_all(flow)
    poisoned = flow.subscription("seen", Projection(refuse_poison))
    async with running(poisoned):
        await eventually(partial(is_quiet, poisoned))
        await flow.append("order-1", "d")
        await publish_all(flow)
        await eventually(partial(is_quiet, poisoned))
    logged = dict(await flow.logged())
    assert await flow.seen() == logged | {"order-1": [1]}
    assert await flow.parked() == ["order-1"]
    assert await flow.pool.fetchval("select array_agg(position order by position) from parked_events") == [2, 3, 46]
    assert "cannot be handled" in await flow.pool.fetchval("select error from parked")


async def test_a_parked_stream_is_retried_in_order_and_goes_on(flow: Flow) -> None:
    await flow.append("order-1", "a", POISON, "c")
    await publish_all(flow)
    poisoned = flow.subscription("seen", Projection(refuse_poison))
    async with running(poisoned):
        await eventually(partial(is_quiet, poisoned))
        assert await poisoned.retry_parked() == 0
        assert await flow.pool.fetchval("select attempts from parked") == 4
        assert await counting(flow).retry_parked("order-1") == 1
        await flow.append("order-1", "d")
        await publish_all(flow)
        await eventually(partial(is_quiet, poisoned))
    assert await flow.seen() == {"order-1": [1, 2, 3, 4]}
    assert await flow.parked() == []


async def test_a_record_without_sense_is_quarantined_once_and_the_partition_goes_on(flow: Flow) -> None:
    async with flow.publisher() as publisher:
        garbage = [("ce_id", b"\xff\x00"), ("ce_\ud800".encode("utf-8", "replace").decode(), b"\x00")]
        await publisher.publish([Outgoing(3, b"order-\x00", b"\x00 not ours \xff", garbage)])
        await publisher.publish([Outgoing(slot_of("order-1") % PARTITIONS, b"order-1", b"", [])])
    await flow.append("order-1", "a")
    await publish_all(flow)
    for _ in range(2):
        async with running(subscription := counting(flow)):
            await eventually(partial(is_quiet, subscription))
    assert await flow.projected()
    assert await flow.parked() == []
    assert await quarantined(flow) == ["malformed"] * 2


async def test_a_flood_of_strange_records_is_kept_up_to_a_bound_and_makes_the_worker_unready(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.subscriptions.quarantine.MOST", 150)
    async with flow.publisher() as publisher:
        for _ in range(4):
            await publisher.publish([Outgoing(3, b"", b"?" * 40_000, []) for _ in range(60)])
    async with running(subscription := counting(flow)):
        await eventually(partial(is_quiet, subscription))
        assert 101 <= len(await quarantined(flow)) <= 240
        assert "records in quarantine (makewhole parked list)" in (subscription.halted() or "")
    assert await flow.pool.fetchval("select max(length(value)) from quarantine") == 16 * 1024


async def test_what_was_quarantined_is_read_again_once_its_key_is_known(flow: Flow) -> None:
    """And what stands behind it waits meanwhile: its predecessor was not taken."""
    await flow.append("order-1", "a")
    async with running(each := flow.relay()):
        await eventually(partial(is_quiet, each))
    strange, ours = LogKeys({"k2": b"2" * 32}), LogKeys({"k1": b"1" * 32, "k2": b"2" * 32})
    flow.keys = strange
    await flow.append("order-1", "b")
    await publish_all(flow)
    flow.keys = None
    async with running(
        subscription := flow.subscription("seen", Projection(count_versions), keys=LogKeys({"k1": b"1" * 32}))
    ):
        await eventually(lambda: quarantine_is(flow, ["unsigned"] * 2))
    await rewind(flow.pool, flow.topic)
    flow.keys = ours
    await publish_all(flow)
    async with running(subscription := flow.subscription("seen", Projection(count_versions), keys=ours)):
        await eventually(flow.projected)
        await eventually(partial(is_quiet, subscription))


async def quarantine_is(flow: Flow, expected: list[str]) -> bool:
    return await quarantined(flow) == expected


async def test_an_idle_subscription_notices_that_its_checkpoint_was_moved_back(flow: Flow) -> None:
    async with flow.publisher() as publisher:
        await publisher.publish([Outgoing(3, b"", b"?", [])])
    async with running(subscription := counting(flow)):
        await eventually(partial(is_quiet, subscription))
        async with flow.pool.acquire() as connection, connection.transaction():
            await connection.execute("delete from quarantine")
            await checkpoints.read_again(connection, "seen", flow.topic, 3, 0)
        await eventually(lambda: quarantine_is(flow, ["malformed"]))


async def test_an_unknown_type_is_parked_and_read_once_a_newer_version_knows_it(flow: Flow) -> None:
    await flow.append("order-1", "a")
    await publish_all(flow)
    (record,) = await topic_of(flow)
    headers = dict(record.headers) | {
        "ce_type": "makewhole.Tomorrow.v1",
        "ce_position": "2",
        "ce_previous": "1",
        "ce_sequence": "2",
    }
    async with flow.publisher() as publisher:
        await publisher.publish(
            [Outgoing(record.partition, b"order-1", record.value, [(n, t.encode()) for n, t in headers.items()])]
        )
    async with running(subscription := counting(flow)):
        await eventually(partial(is_quiet, subscription))
    assert await flow.parked() == ["order-1"]
    assert "Tomorrow" in await flow.pool.fetchval("select error from parked")


async def test_a_table_that_is_not_there_is_waited_for_and_parks_nothing(flow: Flow) -> None:
    """While a newer version's migration is under way, or taken back."""
    await flow.fill(streams=5, versions=1)
    await publish_all(flow)
    await as_owner(flow.dsn, "alter table seen rename to away")
    async with running(subscription := counting(flow)):
        await eventually(partial(says, subscription, "TablesUnfit"))
        await as_owner(flow.dsn, "alter table away rename to seen")
        await eventually(partial(is_quiet, subscription))
    assert await flow.projected()
    assert await flow.parked() == []


async def test_a_projection_whose_epoch_is_taken_saves_nothing(flow: Flow) -> None:
    """The row lock and the epoch, without the lease that usually keeps the two apart."""
    await flow.append("order-1", "a")
    marks = await checkpoints.claim(flow.pool, "seen", flow.topic, [0])
    await checkpoints.claim(flow.pool, "seen", flow.topic, [0])
    async with flow.pool.acquire() as connection, connection.transaction():
        with pytest.raises(checkpoints.Superseded):
            await checkpoints.move(connection, "seen", flow.topic, list(marks.values()))
        with pytest.raises(checkpoints.Superseded):
            await checkpoints.save(connection, "seen", flow.topic, list(marks.values()))


async def test_the_second_worker_waits_and_goes_on_where_the_first_was(flow: Flow) -> None:
    first, second, published = counting(flow), counting(flow), flow.relay()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(second, published))
        async with running(first):
            await flow.fill(streams=20, versions=2)
            await eventually(flow.projected)
        await flow.fill_more(streams=20)
        await eventually(flow.projected)


async def test_a_read_model_rebuilt_from_the_log_goes_on_behind_it(flow: Flow) -> None:
    published, subscription = flow.relay(), counting(flow)
    async with running(published, subscription):
        await flow.fill(streams=30, versions=2)
        await eventually(flow.projected)
        await flow.fill_more(streams=30)
        async with flow.pool.acquire() as connection, connection.transaction():
            await checkpoints.restart(connection, "seen", flow.topic, await identify(connection), await reached(flow))
            await connection.execute("delete from seen")
            await connection.execute(
                "insert into seen select stream, array_agg(version order by position) from events group by stream"
            )
        await flow.fill_more(streams=30)
        await eventually(flow.projected)
        await eventually(partial(is_quiet, published, subscription))
    assert await flow.projected()


async def reached(flow: Flow) -> dict[int, Checkpoint]:
    """The last event of the log in each partition."""
    marks = {partition: Checkpoint(partition) for partition in range(PARTITIONS)}
    for row in await flow.store.read_all(0, 10_000):
        partition = slot_of(row.key) % PARTITIONS
        marks[partition] = Checkpoint(partition, position=row.position, event=fingerprint_of(row))
    return marks


async def test_a_database_that_drops_every_connection_is_waited_for(flow: Flow) -> None:
    published, subscription = flow.relay(), counting(flow)
    async with running(published, subscription):
        await flow.fill(streams=20, versions=1)
        await eventually(flow.projected)
        await cut_all(flow)
        await flow.fill_more(streams=20)
        await eventually(flow.projected)
        await eventually(partial(is_quiet, published, subscription))


async def cut_all(flow: Flow) -> None:
    await as_owner(
        flow.dsn,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "
        "pg_backend_pid()",
    )


async def test_with_no_broker_the_subscription_gives_up_after_its_limit_and_stops_at_once(
    migrated: Callable[[str], Awaitable[str]],
) -> None:
    dead = f"127.0.0.1:{backing.free_ports(1)[0]}"
    async with flow_on(await migrated("dispute"), dead, "dispute.events") as flow:
        task = asyncio.create_task(flow.subscription("seen", Projection(count_versions), give_up=1.0).run())
        with pytest.raises(GaveUp):
            await asyncio.wait_for(task, LIMIT)
        task = asyncio.create_task((subscription := counting(flow)).run())
        await eventually(partial(says, subscription, "Kafka"))
        task.cancel()
        await asyncio.wait([task], timeout=LIMIT)
        assert task.cancelled()


async def test_a_read_model_includes_a_position_once_every_partition_has_reached_it(flow: Flow) -> None:
    head = await flow.fill(streams=40, versions=2)
    await publish_all(flow)
    assert not await projected(flow.pool, "seen", 1), "nothing is projected yet"
    async with running(counting(flow)):
        await eventually(partial(projected, flow.pool, "seen", head))
        assert await flow.projected()
        later = told("order-1", await flow.append("order-1", "x"))
        with pytest.raises(ProjectionBehind):
            await wait_for_position(flow.pool, "seen", later, limit=0.3)
        await publish_all(flow)
        await wait_for_position(flow.pool, "seen", later, LIMIT)
        assert await flow.projected()


async def test_who_waits_for_one_command_waits_for_its_partition_alone(flow: Flow) -> None:
    head = await flow.fill(streams=20, versions=1)
    await publish_all(flow)
    async with running(subscription := counting(flow)):
        await eventually(partial(is_quiet, subscription))
    ours, other = slot_of("order-1"), next(n for n in range(12) if n != slot_of("order-1") % 12)
    await flow.pool.execute("update checkpoints set position = 0 where subscription = 'seen' and partition = $1", other)
    assert await projected(flow.pool, "seen", head, ours)
    assert not await projected(flow.pool, "seen", head, other)
    assert not await projected(flow.pool, "seen", head)
    await wait_for_position(flow.pool, "seen", told("order-1", head))
    with pytest.raises(ProjectionBehind):
        await wait_for_position(flow.pool, "seen", told("order-1", head + 1))


def told(key: str, position: int) -> str:
    """What the answer to a command about the key tells."""
    return str(SlotPosition(slot_of(key), position))


async def test_at_no_moment_a_read_model_claims_a_position_that_it_lacks(flow: Flow) -> None:
    published, subscription = flow.relay(), counting(flow)
    checks = 0
    async with running(published, subscription):
        for n in range(60):
            stream, key = f"order-{n % 7}", f"key-{n % 7}"
            position = await flow.append(stream, "x", key=key)
            await wait_for_position(flow.pool, "seen", told(key, position), LIMIT)
            assert len((await flow.seen())[stream]) == n // 7 + 1
            checks += 1
    assert checks == 60


def decode(record: Record) -> Recorded[Any]:
    return foreign_recorded(record, mark(record.value.decode()))


async def test_a_foreign_topic_is_followed_by_offset(flow: Flow) -> None:
    shop = [
        ("ce_id", b"1"),
        ("ce_source", b"/shop"),
        ("ce_time", b"2026-03-02T09:00:00Z"),
        ("ce_type", b"shop.OrderShipped.v1"),
    ]
    facts = [Outgoing(slot_of(f"{n}") % PARTITIONS, b"%d" % n, b"shipped", shop) for n in range(40)]
    async with running(subscription := flow.subscription("shop", Projection(count_versions), decode=decode)):
        async with flow.publisher() as publisher:
            await publisher.publish(facts)
        await eventually(lambda: seen_streams(flow, 40))
        await eventually(partial(is_quiet, subscription))
    async with running(again := flow.subscription("shop", Projection(count_versions), decode=decode)):
        await eventually(partial(is_quiet, again))
    assert sorted(await flow.seen()) == sorted(f"{flow.topic}/{n}" for n in range(40))
    assert all(len(versions) == 1 for versions in (await flow.seen()).values())


async def seen_streams(flow: Flow, count: int) -> bool:
    return len(await flow.seen()) == count


async def test_a_topic_of_other_partitions_than_the_log_was_made_for_is_not_followed(
    flow: Flow, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    async with running(subscription := counting(flow)):
        flow.topic = await fresh_topic("refund.events", 24)
        async with running(told := flow.subscription("told", Projection(count_versions))):
            await eventually(partial(says, told, "24 partitions instead of 12"))
        flow.partitions = 24
        async with running(made := flow.subscription("made", Projection(count_versions))):
            await eventually(partial(says, made, "set MAKEWHOLE_PARTITIONS=12"))
        await eventually(partial(is_quiet, subscription))
