"""Audit databases: the log of a dispute or a refund with its read models, and statements that tamper with them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import asyncpg

from dispute.domain.decider import decider as dispute_decider
from dispute.read_models import dispute_history, disputes, order_status, return_reasons
from refund.domain.decider import decider as refund_decider
from refund.read_models import refunds
from shared.decider import Decider
from shared.events import codec
from shared.events.base import SYSTEM, Command
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import Decision, RefundDue, RefundOutcome, ReturnDue, ReturnOutcome, SolutionType
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
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

PROJECTIONS = {"dispute": (order_status, disputes, dispute_history, return_reasons), "refund": (refunds,)}
DECIDERS = {"dispute": dispute_decider, "refund": refund_decider}


async def carry_out(store: PostgresEventStore, decider: Decider, *commands: Command) -> None:
    for command in commands:
        await handle(store, decider, command, Cause.of(command))


async def last(store: PostgresEventStore, kind: type[RefundDue] | type[ReturnDue], n: int = 1) -> RefundDue | ReturnDue:
    (events,) = await store.load(dispute_stream(n))
    return next(recorded.event for recorded in reversed(events) if isinstance(recorded.event, kind))


async def moved(store: PostgresEventStore, kind: str, due_at: datetime) -> None:
    """The first dispute's deadline has another instant."""
    (events,) = await store.load(stream := dispute_stream())
    previous = dispute_decider.fold(stream, (recorded.event for recorded in events)).due(kind)
    event = DeadlineMoved(kind=kind, previous_due_at=previous, due_at=due_at, rules=("T35",))
    write = Write(stream, events[0].metadata.key, len(events), [event])
    await store.append([write], Cause(derived_uuid("moved", kind), events[-1].metadata.at, str(SYSTEM)))


async def dispute_life(store: PostgresEventStore) -> None:
    """Two lines: one negotiated and refunded, one returned, inspected and escalated; then the protection ends."""
    tell = partial(carry_out, store, dispute_decider)
    two = (order_line("l1", "50.00"), order_line("l2", "30.00"))
    await tell(register(*two), record("shipped", on("Mar 1")))
    await tell(open_dispute(on("Mar 12")))
    await moved(store, "seller_response", on("Mar 20"))
    await tell(
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


async def tamper(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        assert not (await connection.execute(statement)).endswith(" 0"), "the statement changed nothing"
    finally:
        await connection.close()
