"""Audit builders: entries of made logs, the audit of streams and of whole databases, and the faults that it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from ops.audit.check import Check
from ops.audit.database import MODELS, Window, connected
from ops.audit.deadlines import DeadlineCheck, DueRow
from ops.audit.entry import Entry
from ops.audit.facts import Facts, gathering
from ops.audit.followers import parked_check
from ops.audit.log import LogCheck
from ops.audit.read_models import ModelCheck
from ops.audit.readings.fold import Checks
from ops.audit.run import check_places, fact_checks, stream_checks
from ops.audit.streams import check_streams
from shared.events import codec
from shared.events.base import Event, wire_time
from shared.events.envelope import event_id
from shared.events.ids import derived_uuid

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
LONG_AGO, FAR_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


def entry_of(event: Event, position: int, stream: str, version: int, key: str = "o1", at: datetime = AT) -> Entry:
    """The event as its log holds it."""
    name, data = codec.encode(event)
    metadata = {"at": wire_time(at), "command_id": str(derived_uuid(event_id(stream, version))), "actor": "shop"}
    return Entry(position, stream, version, key, name, from_json(data), metadata, LONG_AGO)


def made_log(streams: Mapping[str, Sequence[Event]], at: datetime = AT) -> list[Entry]:
    """Streams as one log, one behind the other."""
    entries: list[Entry] = []
    for stream in sorted(streams):
        for version, event in enumerate(streams[stream], 1):
            entries.append(entry_of(event, len(entries) + 1, stream, version, at=at))
    return entries


def found(*checks: Check) -> dict[str, int]:
    """The faults that are not zero, of all the checks."""
    return {name: count for check in checks for name, count in check.faults.items() if count}


def checks_of(service: str, facts: Facts, now: datetime, models: Iterable[str] = ()) -> Checks:
    """What is checked of a service's streams; no read model has to show anything."""
    return Checks(
        service,
        LogCheck(service),
        DeadlineCheck(service, now),
        Check.of("promises", "owed"),
        {name: ModelCheck(name, 0) for names in MODELS.values() for name in names},
        facts,
        now,
        FAR_AHEAD,
    )


async def stream_faults(
    service: str, entries: Sequence[Entry], rows: Mapping[tuple[str, str], datetime], facts: Facts, now: datetime = AT
) -> dict[str, int]:
    """What the audit finds in streams and their deadlines."""
    checks = checks_of(service, facts, now)
    for category in dict.fromkeys(entry.stream.partition("-")[0] for entry in entries):
        await check_streams(checks, category, _windows(category, entries, rows))
    return found(checks.log.check, checks.deadlines.check, checks.owed)


async def fact_faults(
    *logs: tuple[str, Sequence[Entry]], movements: Iterable[Mapping[str, Any]] | None = ()
) -> list[str]:
    """What the audit finds wrong between logs and books, as `check: fault`; None stands for no books."""
    with gathering() as facts:
        for movement in movements or ():
            facts.move(movement)
        for service, entries in logs:
            await stream_faults(service, entries, {}, facts)
        checks = fact_checks(facts, movements is not None, at_rest=True)
    return [f"{check.name}: {fault}" for check in checks for fault in found(check)]


async def _windows(
    category: str, entries: Sequence[Entry], rows: Mapping[tuple[str, str], datetime]
) -> AsyncIterator[Window]:
    mine = sorted((each for each in entries if each.stream.startswith(f"{category}-")), key=lambda each: each.stream)
    keys = {each.stream: each.key for each in mine}
    deadlines: dict[str, dict[str, DueRow]] = {}
    for (stream, kind), due_at in rows.items():
        if stream.startswith(f"{category}-"):
            deadlines.setdefault(stream, {})[kind] = DueRow(due_at, keys.get(stream, ""))
    yield Window(deadlines, {name: [] for name in MODELS.get(category, ())}, _each(mine))


async def _each(entries: Sequence[Entry]) -> AsyncIterator[Entry]:
    for entry in entries:
        yield entry


async def audited(
    dsns: Mapping[str, str], movements: Iterable[Mapping[str, Any]] | None = None, now: datetime = EARLY
) -> dict[str, Check]:
    """The audit of whole databases, all that needs neither Kafka nor a running process, by the check's name."""
    async with AsyncExitStack() as stack:
        facts, checks = stack.enter_context(gathering()), []
        for movement in movements or ():
            facts.move(movement)
        for service, dsn in dsns.items():
            database = await stack.enter_async_context(connected(dsn))
            until, head = await database.started(timedelta(0)), await database.head()
            found = await stream_checks(service, database, facts, now, head, until)
            await check_places(database, head, found.log, [])
            checks += [found.log.check, found.deadlines.check, found.owed]
            checks += [model.check for model in found.models.values()]
            checks.append(parked_check(service, await database.parked()))
        checks += fact_checks(facts, movements is not None, at_rest=True)
    return {check.name: check for check in checks}


def faults_of(checks: Mapping[str, Check]) -> dict[str, dict[str, int]]:
    """The faults that are not zero, by check."""
    return {name: found(check) for name, check in checks.items() if not check.ok}
