"""Follow benchmark: how many events a second a worker's relay and read models carry from the log through Kafka into
their rows, against how many the log takes from 16 writers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from bench.append import appends
from bench.lives import filled, wanted_events
from bench.report import Row
from dispute.read_models import dispute_history, disputes, evidence, order_status
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import open_store
from shared.kafka.source import KafkaSource
from shared.subscriptions.freshness import HEAD, projected
from shared.subscriptions.log_beside import LogBeside
from shared.subscriptions.projection import Projection, ReadModel
from shared.subscriptions.shared_source import SharedSource
from shared.subscriptions.subscription import Subscription
from tests.support.servers.backing import Databases, fresh_topic_on, running_kafka
from tests.support.toys.counter import decode, encode
from tests.support.toys.marks import Flow, flow_on, running

A_SECOND = 4_000
"""Events that come at once for each second of a round, where BENCH_EVENTS says nothing else."""
READ_MODELS: Sequence[ReadModel] = (order_status, disputes, evidence, dispute_history)
LOOK_EVERY = 0.02
LIMIT = 120.0


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """A backlog of orders and disputes, until the last read model holds it."""
    databases, followed, plain, cpu = Databases(server), list[float](), list[float](), list[float]()
    async with (
        running_kafka() as kafka,
        flow_on(await databases.migrated("dispute"), kafka, await fresh_topic_on(kafka, "dispute.events")) as flow,
        open_store(await databases.migrated("dispute"), encode=encode, decode=decode) as store,
        running(flow.relay(), *subscriptions(flow)),
    ):
        for _ in range(rounds):
            plain.append(await appends(store, 16, seconds))
            used = time.process_time()
            count, took = await carried(flow, wanted_events(int(A_SECOND * seconds)))
            followed.append(count / took)
            cpu.append((time.process_time() - used) / count * 1e6)
    note = "a relay and four read models in one process"
    return [
        Row("events followed", "/s", followed, plain, "append, 16 writers", 0.15, 0.4, note=note),
        Row("worker CPU an event followed", "us", cpu, at_most=True),
    ]


def subscriptions(flow: Flow) -> Sequence[Subscription]:
    """The read models of the service, as its worker runs them."""
    source = SharedSource(partial(KafkaSource.opened, flow.bootstrap, flow.topic, flow.partitions))
    beside = LogBeside(flow.pool)
    return [
        Subscription(
            each.NAME, flow.topic, Projection.of(each), flow.pool, Leases(flow.dsn), source.opened, beside=beside
        )
        for each in READ_MODELS
    ]


async def carried(flow: Flow, count: int) -> tuple[int, float]:
    """How many events came, and the seconds until the last of them is in all read models."""
    came = await filled(flow.dsn, count, warm=False)
    began = time.perf_counter()
    head = await flow.pool.fetchval(HEAD)
    async with asyncio.timeout(LIMIT):
        for each in READ_MODELS:
            while not await projected(flow.pool, each.NAME, head):
                await asyncio.sleep(LOOK_EVERY)
    return came, time.perf_counter() - began
