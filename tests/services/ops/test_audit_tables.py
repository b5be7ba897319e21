"""The audit on real PostgreSQL and Kafka: tables that follow from the log pass, and each row that was tampered with is
caught.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import asyncpg
import pytest

from dispute.domain.decider import decider as dispute_decider
from dispute.read_models import dispute_history, disputes, order_status
from ops.audit.check import Check
from ops.audit.deadlines import DeadlineCheck
from ops.audit.expected import MODELS
from ops.audit.log import LogCheck
from ops.audit.read_models import ModelCheck
from ops.audit.snapshot import published, snapshot
from ops.audit.topic import TopicCheck
from refund.domain.decider import decider as refund_decider
from refund.read_models import refunds
from shared.decider import Decider
from shared.events import codec
from shared.events.base import Cause, Command
from shared.events.dispute import Decision, RefundDue, RefundOutcome, ReturnDue, ReturnOutcome, SolutionType
from shared.events.logs import PARTITIONS
from shared.eventstore.connections import open_pool
from shared.eventstore.handle import handle
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.publisher import KafkaPublisher
from shared.relay.relay import Relay
from tests.support.builders import refunds as p
from tests.support.builders.disputes import (
    accept,
    counter,
    dispute_stream,
    modify,
    note_refund,
    note_return,
    open_dispute,
    respond,
)
from tests.support.builders.orders import ORDER_STREAM, expire_order, on, order_line, record, register
from tests.support.servers.stack import eventually
from tests.support.toys.marks import running

Migrated = Callable[[str], Awaitable[str]]
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
PROJECTIONS = {"dispute": (order_status, disputes, dispute_history), "refund": (refunds,)}
DECIDERS = {"dispute": dispute_decider, "refund": refund_decider}


async def carry_out(store: PostgresEventStore, decider: Decider, *commands: Command) -> None:
    for command in commands:
        await handle(store, decider, command, Cause.of(command))


async def last(store: PostgresEventStore, kind: type[RefundDue] | type[ReturnDue], n: int = 1) -> RefundDue | ReturnDue:
    (events,) = await store.load(dispute_stream(n))
    return next(recorded.event for recorded in reversed(events) if isinstance(recorded.event, kind))


async def dispute_life(store: PostgresEventStore) -> None:
    """Two lines: one negotiated and refunded, one returned, inspected and escalated; then the protection ends."""
    tell = partial(carry_out, store, dispute_decider)
    two = (order_line("l1", "50.00"), order_line("l2", "30.00"))
    await tell(register(*two), record("shipped", on("Mar 1")))
    await tell(
        open_dispute(on("Mar 12")),
        counter(on("Mar 13")),
        modify(on("Mar 14"), amount="40.00"),
        counter(on("Mar 15"), "35.00"),
    )
    await tell(accept(on("Mar 16")))
    due = await last(store, RefundDue)
    assert isinstance(due, RefundDue)
    await tell(note_refund(due, on("Mar 16"), RefundOutcome.FAILED), note_refund(due, on("Mar 17")))
    line = open_dispute(on("Mar 17")).lines[0].model_copy(update={"line_id": "l2"})
    await tell(open_dispute(on("Mar 17"), n=2, lines=(line,), type=SolutionType.RETURN_AND_REFUND, amount="20.00"))
    await tell(respond(Decision.ACCEPT, on("Mar 18"), n=2))
    goods = await last(store, ReturnDue, 2)
    assert isinstance(goods, ReturnDue)
    for outcome in (ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED, ReturnOutcome.FAILED):
        await tell(note_return(goods, outcome, on("Mar 20")))
    (events,) = await store.load(ORDER_STREAM)
    ends = dispute_decider.fold(ORDER_STREAM, (recorded.event for recorded in events)).protection_ends_at
    await tell(expire_order("protection_end", ends))


async def refund_life(store: PostgresEventStore) -> None:
    """One refund that is issued and settled, one that failed once, one that was refused."""
    first = [p.capture(), p.request(), p.issue(), p.settle()]
    others = [
        p.request("rfd_9a32", parts={"b": 1000}, seller_id="olga"),
        p.decline(0, "rfd_9a32"),
        p.request("rfd_9a33", parts={"b": 9000}),
    ]
    await carry_out(store, refund_decider, *first, *others)


LIVES = {"dispute": dispute_life, "refund": refund_life}


async def lived(service: str, dsn: str) -> None:
    """The service's log and its read models, projected event by event."""
    async with open_store(dsn, deadlines=DECIDERS[service].deadlines) as store, open_pool(dsn) as pool:
        await LIVES[service](store)
        async with pool.acquire() as connection:
            for stored in await store.read_all(0, 1000):
                for projection in PROJECTIONS[service]:
                    await projection.project(connection, codec.recorded(stored))


async def checked(service: str, dsn: str, now: datetime = EARLY) -> dict[str, Check]:
    """What the audit makes of the database, by the check's name."""
    async with snapshot(dsn) as moment:
        head = await moment.head()
        log = LogCheck(service)
        models = [ModelCheck(model, await moment.rows(model), head) for model in MODELS[service]]
        deadlines = DeadlineCheck(service, await moment.deadlines(), now, DECIDERS[service])
        async for entry in moment.entries():
            log.add(entry)
            deadlines.add(entry.recorded())
            for model in models:
                model.add(entry.recorded())
    return {check.name: check for check in (log.result(), *(model.result() for model in models), deadlines.result())}


async def tamper(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        assert not (await connection.execute(statement)).endswith(" 0"), "the statement changed nothing"
    finally:
        await connection.close()


@pytest.mark.parametrize("service", LIVES)
async def test_tables_that_follow_from_the_log_have_no_fault(migrated: Migrated, service: str) -> None:
    dsn = await migrated(service)
    await lived(service, dsn)
    checks = await checked(service, dsn)
    assert [check.examples for check in checks.values()] == [[]] * len(checks)
    assert all(check.seen.get("rows", 1) for name, check in checks.items() if name != "deadlines dispute"), (
        "a table was empty"
    )


@pytest.mark.parametrize(
    ("service", "statement", "check", "fault"),
    [
        (
            "dispute",
            "update order_status set protection_ends_at = protection_ends_at + interval '1 day'",
            "read model order_status",
            "wrong",
        ),
        ("dispute", "update order_status set version = version - 1", "read model order_status", "wrong"),
        ("dispute", "update order_status set position = 1", "read model order_status", "behind"),
        ("dispute", "update order_status set seller_ids = '{}'", "read model order_status", "wrong"),
        ("dispute", "update order_status set shipped_at = null", "read model order_status", "wrong"),
        (
            "dispute",
            "update order_status_lines set refunded = refunded + 1 where line_id = 'l1'",
            "read model order_status",
            "wrong",
        ),
        (
            "dispute",
            "update order_status_lines set held_by = null where line_id = 'l2'",
            "read model order_status",
            "wrong",
        ),
        ("dispute", "delete from order_status_lines where line_id = 'l2'", "read model order_status", "wrong"),
        ("dispute", "delete from order_status", "read model order_status", "missing"),
        ("dispute", "update disputes set state = 'closed' where state = 'escalated'", "read model disputes", "wrong"),
        ("dispute", "update disputes set refunded = 0 where refunded > 0", "read model disputes", "wrong"),
        (
            "dispute",
            "update disputes set next_due_at = now() where state = 'escalated'",
            "read model disputes",
            "wrong",
        ),
        (
            "dispute",
            "update disputes set dispute_id = 'dsp_ghost' where state = 'escalated'",
            "read model disputes",
            "extra",
        ),
        ("dispute", "delete from disputes where state = 'escalated'", "read model disputes", "missing"),
        ("dispute", "delete from dispute_history where version = 2", "read model dispute_history", "missing"),
        (
            "dispute",
            "update dispute_history set actor = 'nobody' where version = 2",
            "read model dispute_history",
            "wrong",
        ),
        (
            "dispute",
            "update dispute_history set detail = '{}' where version = 3",
            "read model dispute_history",
            "wrong",
        ),
        ("dispute", "update dispute_history set version = 99 where version = 2", "read model dispute_history", "extra"),
        ("dispute", "delete from deadlines", "deadlines dispute", "missing"),
        ("dispute", "update deadlines set due_at = due_at + interval '1 second'", "deadlines dispute", "different"),
        ("dispute", "insert into deadlines values ('order-o9', 'release', now(), 'o9')", "deadlines dispute", "extra"),
        ("refund", "update refunds set state = 'issued' where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        ("refund", "update refunds set retry_at = null where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        ("refund", "update refunds set seller_id = null where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        (
            "refund",
            "update refunds set amount = amount - 1 where refund_id = 'rfd_9a31'",
            "read model refunds",
            "wrong",
        ),
        ("refund", "delete from refunds where refund_id = 'rfd_9a33'", "read model refunds", "missing"),
        ("refund", "update payments set buyer_id = 'eve'", "read model payments", "wrong"),
        ("refund", "delete from deadlines", "deadlines refund", "missing"),
    ],
)
async def test_a_row_that_was_tampered_with_is_caught_by_its_check(
    migrated: Migrated, service: str, statement: str, check: str, fault: str
) -> None:
    dsn = await migrated(service)
    await lived(service, dsn)
    await tamper(dsn, statement)
    found = {name: result.faults for name, result in (await checked(service, dsn)).items() if not result.ok}
    assert list(found) == [check]
    assert found[check][fault]


async def test_a_log_that_lost_an_event_is_caught(migrated: Migrated) -> None:
    dsn = await migrated("refund")
    await lived("refund", dsn)
    await tamper(dsn, "alter table events disable trigger events_are_facts")
    await tamper(dsn, "delete from events where position = 3")
    assert (await checked("refund", dsn))["log refund"].faults == {"holes": 1, "gaps": 1, "rekeyed": 0, "unreadable": 0}


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
    await tamper(dsn, "alter table events disable trigger events_are_facts")
    await tamper(dsn, 'update events set data = data || \'{"order_id": "o9"}\' where position = 1')
    assert await topic_faults(dsn, kafka, topic) == ["different: order-o1/1"]


async def published_up_to(dsn: str) -> bool:
    async with snapshot(dsn) as moment:
        return await moment.relayed() == await moment.head()


async def topic_faults(dsn: str, kafka: str, topic: str) -> Sequence[str]:
    async with snapshot(dsn) as moment:
        check = TopicCheck("dispute", str((await moment.identity()).log_id), await moment.relayed(), PARTITIONS)
        async for entry in moment.entries():
            check.add(entry)
        async for each in published(kafka, topic, PARTITIONS):
            check.publish(each)
    return check.result().examples
