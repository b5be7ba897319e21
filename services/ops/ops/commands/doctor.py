"""`makewhole doctor`: holds the settings against what their mode demands, and asks processes, databases and topics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict, dataclass

import asyncpg

from local_stack.services import processes
from local_stack.topics import round_trip
from ops.attention import waiting
from ops.client import Api, Call, Unreachable, open_api
from ops.commands.options import Json, finish, run
from ops.databases import connected
from ops.stack import SERVICES, Stack
from shared.eventstore.log_identity import identify
from shared.kafka.source import KafkaSource
from shared.process.addresses import Ports
from shared.process.environment import Environment
from shared.process.production import requirements
from shared.process.settings import read_environment
from shared.resilience.retry import Halted, Transient

LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part of the system."""

    what: str
    ok: bool
    detail: str


def doctor(json: Json = False) -> None:
    """Hold the settings against what their mode demands, and ask every process, database and topic how it is; exit code
    1 where something is missing.
    """
    findings = judged(read_environment())
    if all(finding.ok for finding in findings):  # with less nothing of the system may be opened
        findings += run(_examine())
    finish([asdict(finding) for finding in findings], json, "doctor", ok=all(finding.ok for finding in findings))


def judged(settings: Environment) -> list[Finding]:
    """Every demand of the settings' mode, and whether it is met."""
    return [
        Finding(requirement.setting, met, f"as demanded: {requirement.sentence}" if met else requirement.sentence)
        for requirement in requirements(settings)
        for met in [requirement.holds(settings)]
    ]


async def _examine() -> list[Finding]:
    stack = Stack.load()
    local = stack.settings.mode == "sandbox"  # elsewhere the processes run on machines of their own
    names = [name for name, _, _ in processes(Ports(stack.settings.port_base))] if local else []
    async with open_api(stack) as api:
        checks = [_check(f"{name} is ready", _ready(api, name)) for name in names]
        checks += [_check("the clock", _clock(api))] if local else []
        checks += [_check("Kafka takes and gives", _kafka(stack))]
        checks += [_check(f"database of {service}", _database(stack, service)) for service in SERVICES]
        checks += [
            _check(f"nothing of {service} waits for a person", _needs_attention(stack, service)) for service in SERVICES
        ]
        checks += [_check(f"topic {stack.topic(service)}", _topic(stack, service)) for service in SERVICES]
        return await asyncio.gather(*checks)


async def _check(what: str, answer: Awaitable[str]) -> Finding:
    try:
        async with asyncio.timeout(4 * LIMIT):
            return Finding(what, True, await answer)
    except (Unreachable, Transient, Halted, asyncpg.PostgresError, OSError, TimeoutError, LookupError) as error:
        return Finding(what, False, str(error) or type(error).__name__)


async def _ready(api: Api, process: str) -> str:
    # Asked once: the question is how it is now.
    response = await api.send(Call(process, "GET", "/readyz", limit=LIMIT), tries=1)
    if not response.ok:
        raise LookupError(response.summary)
    return api.stack.address(process)


async def _database(stack: Stack, service: str) -> str:
    connection = await asyncpg.connect(stack.dsn(service), timeout=LIMIT, command_timeout=LIMIT)
    try:
        settings = {
            name: await connection.fetchval("select current_setting($1)", name)
            for name in ("fsync", "synchronous_commit", "server_version")
        }
        events = await connection.fetchval("select coalesce(max(position), 0) from events")
        (await identify(connection)).demand(stack.settings.partitions)
        administrator = await connection.fetchval("select rolsuper from pg_roles where rolname = session_user")
    finally:
        await connection.close()
    if settings["fsync"] != "on" or settings["synchronous_commit"] == "off":
        raise LookupError(
            f"fsync is {settings['fsync']}, synchronous_commit {settings['synchronous_commit']}: what is "
            f"acknowledged may be lost"
        )
    if administrator and stack.settings.mode == "production":
        raise LookupError("the login is an administrator's: it can change what has been recorded")
    return f"PostgreSQL {settings['server_version']}, {events} events"


async def _needs_attention(stack: Stack, service: str) -> str:
    async with connected(stack.dsn(service)) as connection:
        found = await waiting(connection)
    if found:
        streams = sum(each.kind == "stream" for each in found)
        raise LookupError(
            f"{streams} parked streams, {len(found) - streams} records in quarantine: `makewhole parked list`"
        )
    return "no parked stream, no record in quarantine"


async def _topic(stack: Stack, service: str) -> str:
    async with KafkaSource.opened(stack.kafka, stack.topic(service), stack.settings.partitions) as source:
        bounds = await source.bounds()
    return f"{source.partitions} partitions, {sum(end - first for first, end in bounds.values())} records"


async def _kafka(stack: Stack) -> str:
    if not await round_trip(stack.kafka):
        raise LookupError("a record that was written did not come back")
    return stack.kafka.bootstrap


async def _clock(api: Api) -> str:
    response = await api.clock()
    if not response.ok:
        raise LookupError(response.summary)
    return f"{response.get('now')}, moved {response.get('revision')} times"
