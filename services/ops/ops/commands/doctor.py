"""`makewhole doctor`: is everything there that the system needs, and if not, what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict, dataclass

import asyncpg

from local_stack.services import processes
from local_stack.topics import round_trip
from ops.client import Api, Call, Unreachable, open_api
from ops.commands.options import Json, finish, run
from ops.stack import SERVICES, Stack
from shared.eventstore.identity import identify
from shared.kafka.source import KafkaSource
from shared.process.addresses import Ports
from shared.resilience.retry import Halted, Transient

LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    said: str


def doctor(json: Json = False) -> None:
    """Ask every process, database and topic how it is; exit code 1 where something is missing."""
    findings = run(_examine())
    finish([asdict(finding) for finding in findings], json, "doctor", ok=all(finding.ok for finding in findings))


async def _examine() -> list[Finding]:
    stack = Stack.load()
    names = [name for name, _, _ in processes(Ports(stack.settings.port_base))]
    async with open_api(stack) as api:
        looks = [_look(f"{name} is ready", _ready(api, name)) for name in names]
        looks += [_look(f"database of {service}", _database(stack, service)) for service in SERVICES]
        looks += [_look(f"topic {stack.topic(service)}", _topic(stack, service)) for service in SERVICES]
        looks += [_look("Kafka takes and gives", _kafka(stack)), _look("the clock", _clock(api))]
        return await asyncio.gather(*looks)


async def _look(what: str, asked: Awaitable[str]) -> Finding:
    try:
        async with asyncio.timeout(4 * LIMIT):
            return Finding(what, True, await asked)
    except (Unreachable, Transient, Halted, asyncpg.PostgresError, OSError, TimeoutError, LookupError) as error:
        return Finding(what, False, str(error) or type(error).__name__)


async def _ready(api: Api, process: str) -> str:
    # Asked once: whoever calls the doctor wants to know how it is now.
    answer = await api.send(Call(process, "GET", "/readyz", limit=LIMIT), tries=1)
    if not answer.ok:
        raise LookupError(answer.said)
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
    finally:
        await connection.close()
    if settings["fsync"] != "on" or settings["synchronous_commit"] == "off":
        raise LookupError(
            f"fsync is {settings['fsync']}, synchronous_commit {settings['synchronous_commit']}: what is "
            f"acknowledged may be lost"
        )
    return f"PostgreSQL {settings['server_version']}, {events} events"


async def _topic(stack: Stack, service: str) -> str:
    async with KafkaSource.opened(stack.kafka, stack.topic(service), stack.settings.partitions) as source:
        bounds = await source.bounds()
    return f"{source.partitions} partitions, {sum(end - first for first, end in bounds.values())} records"


async def _kafka(stack: Stack) -> str:
    if not await round_trip(stack.kafka):
        raise LookupError("a record that was written did not come back")
    return stack.kafka


async def _clock(api: Api) -> str:
    answer = await api.clock()
    if not answer.ok:
        raise LookupError(answer.said)
    return f"{answer.get('now')}, moved {answer.get('revision')} times"
