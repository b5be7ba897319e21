"""Run of the audit: every promise of the system, compared with databases, topics and ledger. It writes nothing.

Every service's database is read in one transaction, as of one moment; the topic and the ledger are compared with what
they must hold by then. It is exact once the system is at rest; under load it waits a while for that, and says so in the
first line where it did not come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from ops.audit.check import Check, Report
from ops.audit.deadlines import DeadlineCheck
from ops.audit.expected import MODELS
from ops.audit.ledger import LedgerCheck
from ops.audit.log import JournalCheck, LogCheck
from ops.audit.read_models import Model, ModelCheck
from ops.audit.sagas import SagaCheck
from ops.audit.snapshot import Snapshot, ledger, open_snapshot, published
from ops.audit.topic import TopicCheck
from ops.client import Api, Call, Unreachable
from ops.stack import SERVICES, Stack
from shared.decider import Decider
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.errors import UnknownEvent

DECIDERS: Mapping[str, Decider] = {service: import_module(f"{service}.domain.decider").decider for service in SERVICES}
PATIENCE = 30.0
"""Seconds to wait for rest, and for the read models to come to the log's end."""
PAUSE = 0.1

Acknowledged = Sequence[Mapping[str, Any]]


class EventCheck(Protocol):
    """A check that sees the events of a log one after the other."""

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event."""


@dataclass(frozen=True, slots=True)
class OutsideSnapshot:
    """What was read before the databases: the time, the payment provider's ledger, and how far the refund service's log
    was then.
    """

    now: datetime | None
    ledger: Sequence[Mapping[str, Any]]
    refund_head: int


async def full_audit(
    stack: Stack, api: Api, acknowledged: Acknowledged | None = None, patience: float = PATIENCE
) -> Report:
    """Every promise with its counts; waits at most `patience` seconds for the system to come to rest."""
    rest = await _check_rest(stack, api, patience)
    outside, sagas = await _outside_snapshot(stack, api), SagaCheck()
    money = LedgerCheck(outside.ledger, outside.refund_head)
    checks = [rest]
    for service in SERVICES:
        shared: list[EventCheck] = [sagas, money] if service == "refund" else [sagas]
        checks += await _service(stack, service, outside, shared, acknowledged, patience)
    return Report([*checks, money.result(), sagas.result()])


async def ledger_check(stack: Stack, api: Api) -> Check:
    """The payment provider's books alone, compared with the refund service's log."""
    outside = await _outside_snapshot(stack, api)
    check = LedgerCheck(outside.ledger, outside.refund_head)
    async with open_snapshot(stack.dsn("refund")) as snapshot:
        await _read(snapshot, LogCheck("refund"), [], [check])
    return check.result()


async def _service(
    stack: Stack,
    service: str,
    outside: OutsideSnapshot,
    shared: list[EventCheck],
    acknowledged: Acknowledged | None,
    patience: float,
) -> Sequence[Check]:
    included = await _included(stack, service, patience)
    async with open_snapshot(stack.dsn(service)) as snapshot:
        log = LogCheck(service)
        acks = [] if acknowledged is None else [JournalCheck(acknowledged, service)]
        identity = await snapshot.identity()
        topic = TopicCheck(service, identity, await snapshot.relayed())
        deadlines = DeadlineCheck(service, await snapshot.deadlines(), outside.now, DECIDERS[service])
        models = [ModelCheck(model, await snapshot.rows(model), included) for model in MODELS.get(service, ())]
        parked = _parked(service, await snapshot.parked())
        await _read(snapshot, log, [*acks, topic], [deadlines, *models, *shared])
        async for record in published(stack.kafka, stack.topic(service), identity.partitions):
            topic.publish(record)
    return [
        log.result(),
        *(ack.result() for ack in acks),
        topic.result(),
        *(model.result() for model in models),
        deadlines.result(),
        parked,
    ]


async def _read(
    snapshot: Snapshot, log: LogCheck, raw: Iterable[JournalCheck | TopicCheck], checks: Sequence[EventCheck]
) -> None:
    async for entry in snapshot.entries():
        for check in (log, *raw):
            check.add(entry)
        try:
            recorded = entry.recorded()
        except (UnknownEvent, ValueError, KeyError) as error:
            log.unreadable(entry, error)
            continue
        for event_check in checks:
            event_check.add(recorded)


def _parked(service: str, streams: Iterable[Mapping[str, Any]]) -> Check:
    check = Check.of(f"parked {service}", "streams")
    for row in streams:
        check.fault("streams", f"{row['subscription']}: {row['stream']} from {row['from_position']}: {row['error']}")
    return check


async def _check_rest(stack: Stack, api: Api, patience: float) -> Check:
    """Waits until two rounds in a row find every worker with nothing left to do and no log grown."""
    check, end, before = Check.of("at rest", "busy"), time.monotonic() + patience, None
    if stack.settings.mode != "sandbox":
        check.see("not_asked")
        return check
    while True:
        answers = [await _quiet_answer(stack, api, service) for service in SERVICES]
        busy = {service: answer for service, answer in zip(SERVICES, answers, strict=True) if not answer.get("quiet")}
        heads = [answer.get("head") for answer in answers]
        if (not busy and heads == before) or time.monotonic() > end:
            break
        before = heads if not busy else None
        await asyncio.sleep(PAUSE)
    check.see("workers", len(SERVICES))
    for service, answer in busy.items():
        check.fault("busy", f"{service}: {', '.join(answer.get('reasons') or ['no answer'])}")
    return check


async def _quiet_answer(stack: Stack, api: Api, service: str) -> Mapping[str, Any]:
    try:
        response = await api.send(Call(f"{service}-worker", "GET", "/internal/quiet"))
    except Unreachable:
        return {}
    return response.body if isinstance(response.body, dict) else {}


async def _outside_snapshot(stack: Stack, api: Api) -> OutsideSnapshot:
    async with open_snapshot(stack.dsn("refund")) as snapshot:
        head = await snapshot.head()
    clock = await api.clock()
    now = datetime.fromisoformat(clock.get("now")) if clock.ok else None
    return OutsideSnapshot(now, await ledger(api), head)


async def _included(stack: Stack, service: str, patience: float) -> int:
    """The log's present end, once relay and read models have come to it or the patience is over: from there on they are
    behind.
    """
    async with open_snapshot(stack.dsn(service)) as snapshot:
        head = await snapshot.head()
    end = time.monotonic() + patience
    while time.monotonic() < end:
        async with open_snapshot(stack.dsn(service)) as snapshot:
            if await _reached(snapshot, MODELS.get(service, ()), head):
                break
        await asyncio.sleep(PAUSE)
    return head


async def _reached(snapshot: Snapshot, models: Iterable[Model[Any]], head: int) -> bool:
    return all([await snapshot.projected(model.subscription, head) for model in models])
