"""Rush benchmark: how long commands take over HTTP while very many deadlines fall due at one instant.

App, worker and PostgreSQL alone: timers fire without Kafka. `--only rush --seconds 100 --rounds 1` is a million.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import asyncpg

from bench.http import BODY, ready, serving, session, token
from bench.load import at_a_rate, p99
from bench.machine import plain_work
from bench.open_disputes import ANSWER_WITHIN, disputes, opened_disputes
from bench.report import Row
from dispute.domain.decider import decider
from migrations.migrator import dsn, migrate_all
from shared.events.logs import PARTITIONS
from shared.eventstore.store import open_store
from shared.process.addresses import Ports

A_SECOND = 10_000
"""So many are due for each second of a round."""
COMMANDS_A_SECOND = 200
SLOWEST = 500
"""Deadlines a second: so many seconds of commands are made ready."""
LEFT = "select exists (select from deadlines where kind = 'seller_response' and due_at < now())"


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """Commands at a steady rate before the worker starts, and from then on until nothing is due."""
    await migrate_all(server, PARTITIONS, ["dispute", "sandbox"])
    due, steady = int(A_SECOND * seconds), []
    calm: list[float] = []
    rushed: list[float] = []
    fired: list[float] = []
    async with serving(server) as (base, _):
        bearer = await token(base)
        async with session(f"http://127.0.0.1:{Ports(base).app('dispute')}", bearer) as client:
            for _ in range(rounds):
                steady.append(plain_work())
                await overdue(server, due)
                calm.append(p99(await commands(client, await disputes(server, _some(seconds)), seconds)))
                ids = await disputes(server, _some(due / SLOWEST))
                async with working(server, base):
                    took, lasted = await during(server, client, ids)
                rushed.append(p99(took))
                fired.append(due / lasted)
    note = f"{COMMANDS_A_SECOND} a second, {due:,} deadlines due at one instant, fired at {min(fired):,.0f}/s"
    return [
        Row("HTTP command p99, nothing due", "ms", calm, at_most=True, beside=steady),
        Row("HTTP command p99 in a rush of deadlines", "ms", rushed, (), "", 45, 25, True, note, steady),
    ]


async def overdue(server: str, count: int) -> None:
    """So many sellers have been silent for too long."""
    async with open_store(dsn(server, "dispute"), deadlines=decider.deadlines) as store:
        await opened_disputes(store, count, datetime.now(UTC) - 2 * ANSWER_WITHIN)


async def during(server: str, client: aiohttp.ClientSession, ids: Iterator[str]) -> tuple[list[float], float]:
    """What commands took until nothing was due any more, and how many seconds that was."""
    loop, took = asyncio.get_running_loop(), list[float]()
    began = loop.time()
    connection = await asyncpg.connect(dsn(server, "dispute"))
    try:
        while await connection.fetchval(LEFT):
            took += await commands(client, ids, 1)
    finally:
        await connection.close()
    return sorted(took), loop.time() - began


async def commands(client: aiohttp.ClientSession, ids: Iterator[str], seconds: float) -> list[float]:
    """Milliseconds that each took."""

    async def send() -> None:
        each = next(ids)
        async with client.post(f"/v1/disputes/{each}/response", data=BODY, headers={"Idempotency-Key": each}) as answer:
            await answer.read()
            answer.raise_for_status()

    return await at_a_rate(send, COMMANDS_A_SECOND, seconds)


def _some(seconds: float) -> int:
    return int(COMMANDS_A_SECOND * seconds) + 1


@asynccontextmanager
async def working(server: str, base: int) -> AsyncIterator[None]:
    """The dispute worker as a process, whose Kafka is away."""
    environment = {**os.environ, "PORT_BASE": str(base), "MAKEWHOLE_DATABASE_URL": server}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - once, before the load
            [sys.executable, "-m", "dispute.worker"], env=environment, stdout=log, stderr=log
        )
        try:
            await ready(f"http://127.0.0.1:{Ports(base).worker('dispute')}/readyz")
            yield
        finally:
            process.terminate()
            process.wait(30)
