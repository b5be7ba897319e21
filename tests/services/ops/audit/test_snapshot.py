"""Snapshots of a real log and its topic: what the relay publishes is the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from ops.audit.snapshot import open_snapshot, published
from ops.audit.topic import TopicCheck
from shared.events.logs import PARTITIONS
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.kafka.publisher import KafkaPublisher
from shared.relay.relay import Relay
from tests.support.audit_databases import lived, tamper
from tests.support.servers.stack import eventually
from tests.support.toys.marks import running

Migrated = Callable[[str], Awaitable[str]]


async def test_what_the_relay_publishes_is_the_log_event_by_event(
    migrated: Migrated, kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    dsn, topic = await migrated("dispute"), await fresh_topic("dispute.events")
    await lived("dispute", dsn)
    async with open_store(dsn) as store, open_pool(dsn) as pool:
        relay = Relay(
            store, pool, dsn, partial(KafkaPublisher.opened, kafka, topic, PARTITIONS), topic, "/makewhole/dispute"
        )
        async with running(relay):
            await eventually(lambda: published_up_to(dsn))
    assert not await topic_faults(dsn, kafka, topic)
    await tamper(dsn, "alter table events disable trigger append_only")
    await tamper(dsn, 'update events set data = data || \'{"order_id": "o9"}\' where position = 1')
    assert await topic_faults(dsn, kafka, topic) == ["different: order-o1/1"]


async def published_up_to(dsn: str) -> bool:
    async with open_snapshot(dsn) as snapshot:
        return await snapshot.relayed() == await snapshot.head()


async def topic_faults(dsn: str, kafka: str, topic: str) -> Sequence[str]:
    async with open_snapshot(dsn) as snapshot:
        check = TopicCheck("dispute", await snapshot.identity(), await snapshot.relayed())
        async for entry in snapshot.entries():
            check.add(entry)
        async for each in published(kafka, topic, PARTITIONS):
            check.publish(each)
    return check.result().examples
