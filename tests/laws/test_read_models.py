"""Laws of the read models, on real PostgreSQL: however the events come in batches, and however often, the rows are
those that they make one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispute.read_models import dispute_history, disputes, evidence, order_status, return_reasons, warranties
from refund.read_models import refunds
from return_label.read_models import returns
from shared.events.base import Event
from shared.events.envelope import Metadata, Recorded
from shared.events.evidence import EvidenceAdded, EvidenceExpired, EvidenceRemoved
from shared.events.ids import derived_uuid
from shared.events.refund import RefundRefused
from shared.eventstore.lease_session import Leases
from shared.subscriptions.changes import folded
from shared.subscriptions.projection import Projection, ReadModel
from shared.subscriptions.shared_source import SharedSource
from shared.subscriptions.subscription import Subscription
from tests.laws.size import examples
from tests.laws.test_delivery import TOPIC, MemorySource, opened, partitions_of, repeated
from tests.support.builders import refunds as r
from tests.support.builders import returns as goods
from tests.support.builders.evidence import remove_upload, uploaded
from tests.support.builders.orders import after, on
from tests.support.random_chargebacks import Charged
from tests.support.random_life import Life
from tests.support.recorded_life import recorded_life
from tests.support.servers import backing
from tests.support.servers.stack import eventually
from tests.support.toys.marks import DAY_1, Flow, flow_on, running

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

OF_DISPUTES: tuple[ReadModel, ...] = (order_status, disputes, evidence, dispute_history, return_reasons, warranties)
SIZE = st.integers(0, 2**32)
Log = Sequence[Recorded[Event]]
Rows = Mapping[str, Sequence[tuple[Any, ...]]]


def log_of(streams: Mapping[str, Sequence[Event]], dice: Random) -> Log:
    """The streams as one log, turn by turn at random."""
    turns = [stream for stream, events in streams.items() for _ in events]
    dice.shuffle(turns)
    metadata = Metadata(DAY_1, derived_uuid("law"), "", "system:test", "story", None, None, "1")
    versions = {stream: itertools.count(1) for stream in streams}
    numbered = ((position, stream, next(versions[stream])) for position, stream in enumerate(turns, 1))
    return [
        Recorded(stream, version, position, streams[stream][version - 1], metadata._replace(key=key_of(stream)))
        for position, stream, version in numbered
    ]


def key_of(stream: str) -> str:
    """Each stream's own, so that they go to different partitions."""
    return str(sum(stream.encode()))


def life_of(seed: int) -> Log:
    """An order with its disputes, and items of evidence."""
    dice = Random(seed)
    _, market = recorded_life(seed, 60, kind=Charged if seed % 2 else Life)
    streams = {stream: [each.event for each in history] for stream, history in market.recorded.items()}
    return log_of(streams | {f"evidence-{n}": item_of(dice) for n in range(4)}, dice)


def item_of(dice: Random) -> Sequence[Event]:
    """What may become of an item of evidence, and what may not."""
    kept = next(iter(events for stream, events in uploaded().items() if stream.startswith("evidence-")))
    gone = after(uploaded(), remove_upload(on("Mar 13")))
    removed = [event for events in gone.values() for event in events if isinstance(event, EvidenceRemoved)]
    added = EvidenceAdded(dispute_id="d1", item=kept[0].item, added_at=DAY_1, rules=())  # type: ignore[attr-defined]
    expired = EvidenceExpired(evidence_id="e", due_at=DAY_1, rules=())
    return [*kept, *dice.choices([added, expired, *removed, *kept], k=dice.randrange(4))]


def payments_of(seed: int) -> Log:
    """Refunds of three orders, in orders of events that a payment allows, and in others."""
    dice = Random(seed)
    streams = {f"payment-o{n}": [captured(n), *dice.choices(refund_events(n), k=12)] for n in range(3)}
    return log_of(streams, dice)


def captured(n: int) -> Event:
    return r.captured().model_copy(update={"order_id": f"o{n}"})


def refund_events(n: int) -> Sequence[Event]:
    made: list[Event] = []
    for refund_id in (f"rfd_{n}1", f"rfd_{n}2"):
        named = {"refund_id": refund_id}
        asked = r.requested(**named).__dict__.items()
        refused = {name: value for name, value in asked if name in RefundRefused.model_fields} | {"reason": "no"}
        made += [
            r.requested(**named),
            r.approved(**named),
            r.issued(**named),
            r.failed(1, DAY_1, **named),
            r.sent_to_manual(2, **named),
            r.retried(**named),
            r.settled(**named),
            r.overdue(**named),
            r.sent_back(**named),
            RefundRefused.model_construct(**refused),
        ]
    return made


def returns_of(seed: int) -> Log:
    """Three returns, in orders of events that a return allows, and in others."""
    dice = Random(seed)
    steps = [
        goods.authorized(),
        goods.labelled(prepaid=dice.random() < 0.5),
        goods.shipped(),
        goods.corrected(),
        goods.received(),
        goods.inspected(),
        goods.lapsed(),
        goods.lost(),
        goods.timed_out(),
        goods.overdue(),
    ]
    streams = {f"return-ret_{n}": [goods.requested(return_id=f"ret_{n}"), *dice.choices(steps, k=8)] for n in range(3)}
    return log_of(streams, dice)


def cut(log: Log, dice: Random) -> Sequence[Log]:
    """The log in batches of any size."""
    ends = sorted(dice.randrange(len(log) + 1) for _ in range(dice.randrange(12)))
    return [log[begin:end] for begin, end in itertools.pairwise([0, *ends, len(log)])]


async def emptied(connection: Connection, models: Sequence[ReadModel]) -> None:
    for table in (table for model in models for table in model.TABLES):
        await connection.execute(f"delete from {table.name}")


async def rows_of(connection: Connection, models: Sequence[ReadModel]) -> Rows:
    return {
        table.name: [tuple(row) for row in await connection.fetch(f"select * from {table.name} t order by t::text")]
        for model in models
        for table in model.TABLES
    }


async def one_by_one(connection: Connection, models: Sequence[ReadModel], log: Log) -> Rows:
    """The reference."""
    await emptied(connection, models)
    for model in models:
        for recorded in log:
            await model.project(connection, recorded)
    return await rows_of(connection, models)


async def in_batches(connection: Connection, models: Sequence[ReadModel], batches: Sequence[Log]) -> Rows:
    await emptied(connection, models)
    for model in models:
        for batch in batches:
            await folded(model.changes, model.STREAMS)(connection, batch)
    return await rows_of(connection, models)


@pytest.fixture(scope="module")
async def flow(databases: backing.Databases) -> AsyncIterator[Flow]:
    async with flow_on(await databases.migrated("dispute", 3), "no kafka", TOPIC) as flow:
        yield flow


@pytest.fixture(scope="module")
async def refund_flow(databases: backing.Databases) -> AsyncIterator[Flow]:
    async with flow_on(await databases.migrated("refund", 3), "no kafka", TOPIC) as flow:
        yield flow


@pytest.fixture(scope="module")
async def return_flow(databases: backing.Databases) -> AsyncIterator[Flow]:
    async with flow_on(await databases.migrated("return_label", 3), "no kafka", TOPIC) as flow:
        yield flow


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
@given(seed=SIZE)
async def test_a_batch_makes_of_an_order_what_its_events_make_one_by_one(flow: Flow, seed: int) -> None:
    await law_of_batches(flow, OF_DISPUTES, life_of(seed), Random(seed))


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(seed=SIZE)
async def test_a_batch_makes_of_a_payment_what_its_events_make_one_by_one(refund_flow: Flow, seed: int) -> None:
    await law_of_batches(refund_flow, [refunds], payments_of(seed), Random(seed))


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(seed=SIZE)
async def test_a_batch_makes_of_a_return_what_its_events_make_one_by_one(return_flow: Flow, seed: int) -> None:
    await law_of_batches(return_flow, [returns], returns_of(seed), Random(seed))


async def law_of_batches(flow: Flow, models: Sequence[ReadModel], log: Log, dice: Random) -> None:
    async with flow.pool.acquire() as connection:
        expected = await one_by_one(connection, models, log)
        assert any(expected.values())
        assert await in_batches(connection, models, cut(log, dice)) == expected


_lives = itertools.count()


@settings(max_examples=examples(6), suppress_health_check=[HealthCheck.too_slow])
@given(seed=SIZE, data=st.data())
async def test_read_models_that_share_a_source_take_each_event_once_wherever_they_stand(
    flow: Flow, seed: int, data: st.DataObject
) -> None:
    """The topic repeats what it likes, and each read model has come as far as it likes when all begin again."""
    log = life_of(seed)
    topic = [data.draw(repeated(partition)) for partition in partitions_of(log)]
    turns = data.draw(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 40)), min_size=1, max_size=5))
    life = next(_lives)
    async with flow.pool.acquire() as connection:
        expected = await one_by_one(connection, OF_DISPUTES, log)
        await emptied(connection, OF_DISPUTES)
    for model in OF_DISPUTES:
        end = data.draw(st.integers(0, max(map(len, topic))))
        await follow(flow, life, [records[:end] for records in topic], turns, model)
    await follow(flow, life, topic, turns, *OF_DISPUTES)
    async with flow.pool.acquire() as connection:
        assert await rows_of(connection, OF_DISPUTES) == expected


async def follow(flow: Flow, life: int, topic: Any, turns: Any, *models: ReadModel) -> None:
    """Until all of it is taken; every opening of the source begins anew."""
    source = SharedSource(lambda: opened(MemorySource(topic, itertools.cycle(turns))))
    subscriptions = [
        Subscription(f"{model.NAME} {life}", TOPIC, Projection.of(model), flow.pool, Leases(flow.dsn), source.opened)
        for model in models
    ]
    async with running(*subscriptions):
        for each in subscriptions:
            await eventually(partial(is_quiet, each))


async def is_quiet(subscription: Subscription) -> bool:
    return await subscription.quiet() is None
