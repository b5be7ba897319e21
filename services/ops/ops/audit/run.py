"""Run of the audit: every promise of the system, compared with logs, topics, tables and books. It writes nothing.

It knows none of the application's code: what it says is a second opinion. Logs are read in pages and windows of
streams, each in a short snapshot of its own. While the system moves, what is younger than a minute is not missed yet;
at rest nothing is excused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from ops.audit import kafka, outside
from ops.audit.check import Check, Report, Tell
from ops.audit.database import MODELS, Database, Row, connected
from ops.audit.deadlines import DeadlineCheck
from ops.audit.facts import Facts, gathering
from ops.audit.followers import behind, follower_check, parked_check, quarantine_check
from ops.audit.ledger import captures_check, ledger_check
from ops.audit.log import JournalCheck, LogCheck
from ops.audit.money import money_check
from ops.audit.read_models import ModelCheck
from ops.audit.readings.fold import Checks
from ops.audit.sagas import saga_check
from ops.audit.sources import Sources, declared, source_of, topic_of
from ops.audit.streams import check_order, check_streams
from ops.audit.topic import TopicCheck
from ops.books.check import books_check

PATIENCE = 30.0
"""Seconds to wait for rest, and for relay and followers to come to the end."""
GRACE = timedelta(seconds=60)
"""Real time after which an event must have had its consequences, where the system is not at rest."""
PAUSE = 0.1

Acknowledged = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Audit:
    """One audit under way."""

    sources: Sources
    facts: Facts
    session: aiohttp.ClientSession
    at_rest: bool
    patience: float
    now: datetime
    databases: dict[str, Database] = field(default_factory=dict)
    settled_until: dict[str, datetime] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    quarantine: list[Row] = field(default_factory=list)
    own: set[tuple[str, int, int]] = field(default_factory=set)
    asked_for_ledger: bool = False

    @property
    def grace(self) -> timedelta:
        return timedelta(0) if self.at_rest else GRACE


async def full_audit(
    sources: Sources,
    acknowledged: Acknowledged | None = None,
    patience: float = PATIENCE,
    provider_report: Path | None = None,
) -> Report:
    """Every promise with its counts; waits at most `patience` seconds for the system to come to rest."""
    async with AsyncExitStack() as open_things:
        audit, rest = await _begun(sources, patience, open_things)
        await _note_beginnings(audit)
        await _read_ledger(audit, provider_report)
        late = await _wait_for_followers(audit)
        checks = [rest]
        for service in sources.services:
            checks += await _service(audit, service, late[service], acknowledged)
        checks.append(quarantine_check(audit.quarantine, audit.own))
        return Report([*checks, *fact_checks(audit.facts, audit.asked_for_ledger, audit.at_rest)])


async def ledger_audit(
    sources: Sources, provider_report: Path | None = None, tell: Tell | None = None
) -> Sequence[Check]:
    """Money alone: books, events and the payment provider's ledger; `tell` hears of every difference."""
    async with AsyncExitStack() as open_things:
        audit, _ = await _begun(sources, 0, open_things)
        await _note_beginnings(audit)
        await _read_ledger(audit, provider_report)
        logs = [(await _streams(audit, service)).log.check for service in sources.services]
        audit.facts.finish()
        checks = money_checks(audit.facts, audit.asked_for_ledger, audit.at_rest, tell)
        captures = [captures_check(audit.facts, tell)] if audit.asked_for_ledger else []
        return [*(log for log in logs if not log.ok), *checks, *captures]


async def log_audit(service: str, dsn: str) -> Check:
    """One log alone: its positions, its versions, and whether every event can be read."""
    check = LogCheck(service)
    of_service = declared(service)
    async with connected(dsn, of_service.plain) as database:
        for category in of_service.streams:
            await check_order(check, database.windows(category))
        await check_places(database, await database.head(), check, [])
    return check.check


async def _begun(sources: Sources, patience: float, open_things: AsyncExitStack) -> tuple[Audit, Check]:
    session = await open_things.enter_async_context(aiohttp.ClientSession())
    rest = await outside.check_rest(sources, session, patience)
    facts, now = open_things.enter_context(gathering()), await outside.now(sources, session)
    audit = Audit(sources, facts, session, bool(sources.workers) and rest.ok, patience, now)
    for service in sources.services:
        database = connected(sources.databases[service], declared(service).plain)
        audit.databases[service] = await open_things.enter_async_context(database)
    return audit, rest


async def _note_beginnings(audit: Audit) -> None:
    """Until when events count as settled, and the last position that is looked at: before anything else is read."""
    for service, database in audit.databases.items():
        audit.settled_until[service] = await database.started(audit.grace)
        audit.heads[service] = await database.head()
        audit.quarantine += await database.quarantine()


async def _read_ledger(audit: Audit, report: Path | None) -> None:
    audit.asked_for_ledger = bool(report or audit.sources.sandbox)
    async for movement in outside.movements(audit.sources, audit.session, report):
        audit.facts.move(movement)


async def _wait_for_followers(audit: Audit) -> dict[str, list[str]]:
    """Waits until relays and subscriptions have come to where the logs ended; who has not, by service."""
    end = time.monotonic() + audit.patience
    while not await _relayed(audit) and time.monotonic() < end:
        await asyncio.sleep(PAUSE)
    topics = {}
    for service, database in audit.databases.items():
        partitions = (await database.log(source_of(service))).partitions
        async with kafka.opened(audit.sources.kafka, topic_of(service), partitions) as topic:
            topics[topic.name] = await topic.bounds()
    while True:
        late = {
            service: behind(service, await database.checkpoints(), topics)
            for service, database in audit.databases.items()
        }
        if not any(late.values()) or time.monotonic() > end:
            return late
        await asyncio.sleep(PAUSE)


async def _relayed(audit: Audit) -> bool:
    return all([await database.relayed() >= audit.heads[name] for name, database in audit.databases.items()])


async def _service(
    audit: Audit, service: str, late: Sequence[str], acknowledged: Acknowledged | None
) -> Sequence[Check]:
    database, head = audit.databases[service], audit.heads[service]
    acks = [] if acknowledged is None else [JournalCheck(acknowledged, service)]
    checks = await _streams(audit, service)
    await check_places(database, head, checks.log, acks)
    return [
        checks.log.check,
        *(ack.result() for ack in acks),
        await _topic(audit, service),
        *(model.check for model in checks.models.values()),
        checks.deadlines.check,
        checks.owed,
        follower_check(service, late),
        parked_check(service, await database.parked()),
    ]


async def _streams(audit: Audit, service: str) -> Checks:
    database, until = audit.databases[service], audit.settled_until[service]
    return await stream_checks(service, database, audit.facts, audit.now, audit.heads[service], until)


async def stream_checks(
    service: str, database: Database, facts: Facts, now: datetime, head: int, settled_until: datetime
) -> Checks:
    """Everything that is compared stream by stream; read models include the log up to `head`."""
    streams = declared(service).streams
    models = [name for category in streams for name in MODELS.get(category, ())]
    checks = Checks(
        service,
        LogCheck(service),
        DeadlineCheck(service, now),
        Check.of(f"promises {service}", "owed"),
        {name: ModelCheck(name, head) for name in models},
        facts,
        now,
        settled_until,
    )
    for category in streams:
        await check_streams(checks, category, database.windows(category))
    await _strangers(database, checks, streams)
    return checks


async def _strangers(database: Database, checks: Checks, known: Iterable[str]) -> None:
    for category in set(await database.categories()) - set(known):
        for stream in await database.streams(category):
            checks.log.homeless(stream)
    for category in set(await database.categories("deadlines")) - set(known):
        checks.deadlines.strange(f"{category}-…", "a row")


async def check_places(database: Database, head: int, log: LogCheck, acks: Sequence[JournalCheck]) -> None:
    """Every position up to the head, in order."""
    async for row in database.places(head):
        log.place(row["position"])
        for ack in acks:
            ack.place(row["position"], row["command_id"])


async def _topic(audit: Audit, service: str) -> Check:
    database = audit.databases[service]
    keys = audit.sources.log_keys.get(service, {})
    log = replace(await database.log(source_of(service)), keys=keys)
    name = topic_of(service)
    watched = {(row["partition"], row["record_offset"]) for row in audit.quarantine if row["topic"] == name}
    check = TopicCheck(service, log, audit.heads[service], await database.relayed(), watched)
    async with kafka.opened(audit.sources.kafka, topic_of(service), log.partitions) as topic:
        async for records in topic.records(await topic.bounds()):
            check.add(records, await database.at([record.position for record in records if record.position]))
    audit.own |= {(name, *place) for place in check.own}
    return check.result()


def fact_checks(facts: Facts, asked_for_ledger: bool, at_rest: bool) -> Sequence[Check]:
    """What no stream shows by itself, once everything is gathered."""
    facts.finish()
    return [*money_checks(facts, asked_for_ledger, at_rest), saga_check(facts)]


def money_checks(facts: Facts, asked_for_ledger: bool, at_rest: bool, tell: Tell | None = None) -> Sequence[Check]:
    """Lines and payments, the books, and the payment provider's ledger."""
    ledger = ledger_check(facts, asked_for_ledger, at_rest, tell)
    return [money_check(facts, tell), books_check(facts, tell), ledger]
