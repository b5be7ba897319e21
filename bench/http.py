"""HTTP command benchmark: one complete command, authorised, idempotent and traced, against bare INSERTs of one event.

The command is a seller's refusal of a dispute: load, decide, one event appended, the dispute rendered. The app runs
alone with PostgreSQL, as a process of its own with every line of its log written; the sandbox beside it signs one token
and is then idle. The load comes from this process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from uuid import uuid4

import aiohttp

from bench.open_disputes import SELLER, disputes, stored_texts
from bench.peer import signed_token
from bench.pgbench import Pgbench
from bench.report import Row
from bench.stack import cpu_seconds
from migrations.migrator import migrate_all
from shared.events.logs import PARTITIONS
from shared.process.addresses import Ports
from tests.support.servers.backing import Databases, free_port_base, free_ports

CONNECTIONS = 64
MOST_A_SECOND = 6_000
READY_LIMIT = 90.0
BODY = b'{"decision":"reject","reason":"It was delivered to the address on the order."}'
UNCOUNTED = "commands=1000000/second"
"""One seller is the whole load: counted as everybody is, and never refused."""


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of one round of load."""

    commands: float
    p99: float
    cpu: float


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """The goals of a command over HTTP, interleaved with their references."""
    await migrate_all(server, PARTITIONS, ["dispute", "sandbox"])
    databases = Databases(server)
    pgbench = Pgbench(await databases.empty(), *stored_texts())
    await pgbench.prepare()
    ours, nothing, theirs, plain = [], [], [], []
    async with (
        serving(server) as (base, pid),
        session(f"http://127.0.0.1:{Ports(base).app('dispute')}", await token(base)) as load,
        beside("bench.noop") as (noop, noop_pid),
        beside("bench.peer", await databases.empty()) as (peer, peer_pid),
    ):
        await measured(load, pid, await disputes(server, MOST_A_SECOND), 1)
        for _ in range(rounds):
            plain.append(await pgbench.inserts(16, seconds))
            ours.append(await measured(load, pid, await disputes(server, int(MOST_A_SECOND * seconds)), seconds))
            nothing.append(await measured(noop, noop_pid, anything(), min(seconds, 2)))
            theirs.append(await measured(peer, peer_pid, await opened_by(peer), min(seconds, 2)))
    return _goals(ours, nothing, theirs, plain)


def _goals(
    ours: Sequence[Round], nothing: Sequence[Round], theirs: Sequence[Round], plain: Sequence[float]
) -> Sequence[Row]:
    command, cpu, p99 = "complete HTTP command", [each.cpu for each in ours], [each.p99 for each in ours]
    rate, idle = [each.commands for each in ours], [each.cpu for each in nothing]
    note = f"{CONNECTIONS} connections, one app process, worker and Kafka stopped"
    return [
        Row(command, "/s", rate, plain, "pgbench c16", 0.22, 0.30, note=note),
        Row("app CPU an HTTP command", "us", cpu, idle, "app that does nothing", 6, 4, at_most=True),
        Row("HTTP command p99, saturated", "ms", p99, gate=45, target=25, at_most=True, beside=plain),
        Row(command, "/s", rate, [each.commands for each in theirs], "FastAPI + eventsourcing", 5, 10),
    ]


@asynccontextmanager
async def serving(server: str, quotas: str = UNCOUNTED) -> AsyncIterator[tuple[int, int]]:
    """The sandbox and the dispute app as processes; the port base and the app's pid."""
    base = free_port_base()
    environment = {
        **os.environ,
        "PORT_BASE": str(base),
        "MAKEWHOLE_DATABASE_URL": server,
        "MAKEWHOLE_QUOTAS": quotas,
        "PYTHONDONTWRITEBYTECODE": "",
    }
    with tempfile.TemporaryDirectory() as folder:
        logs = [(Path(folder) / name).open("wb") for name in ("sandbox", "dispute")]
        started = [
            subprocess.Popen(  # noqa: ASYNC220 - twice, before the load
                [sys.executable, "-m", f"{name}.app"], env=environment, stdout=log, stderr=log
            )
            for name, log in zip(("sandbox", "dispute"), logs, strict=True)
        ]
        try:
            await ready(f"http://127.0.0.1:{Ports(base).app('dispute')}/readyz")
            yield base, started[1].pid
        finally:
            for process in started:
                process.terminate()
                process.wait(30)
            for log in logs:
                log.close()


async def ready(address: str) -> None:
    """Returns once the address answers 200."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(READY_LIMIT):
        while True:
            try:
                async with client.get(address) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


@asynccontextmanager
async def beside(module: str, *arguments: str) -> AsyncIterator[tuple[aiohttp.ClientSession, int]]:
    """Another server as a process; a client of it, and its pid."""
    port = free_ports(1)[0]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - once, before the load
            [sys.executable, "-m", module, str(port), *arguments], stdout=log, stderr=log
        )
        try:
            await ready(f"http://127.0.0.1:{port}/readyz")
            async with session(f"http://127.0.0.1:{port}", signed_token()) as client:
                yield client, process.pid
        finally:
            process.terminate()
            process.wait(30)


async def token(base: int) -> str:
    """The seller's, of the sandbox."""
    request = {"sub": SELLER, "roles": ["seller"], "expires_in": 3600}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"http://127.0.0.1:{Ports(base).app('sandbox')}/token", json=request) as answer,
    ):
        return str((await answer.json())["access_token"])


@asynccontextmanager
async def session(server: str, bearer: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the seller's token."""
    headers = {
        "Authorization": f"Bearer {bearer}",
        "Content-Type": "application/json",
        "If-Match": '"1"',
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(server, headers=headers, connector=connector) as client:
        yield client


def anything() -> Iterator[str]:
    """Ids of disputes that nobody looks for."""
    return (uuid4().hex for _ in count())


async def opened_by(peer: aiohttp.ClientSession) -> Iterator[str]:
    """The ids of disputes that the peer has just opened."""
    async with peer.post("/v1/disputes", json={}) as answer:
        ids: list[str] = await answer.json()
    return cycle(ids)


async def measured(load: aiohttp.ClientSession, pid: int, ids: Iterator[str], seconds: float) -> Round:
    """Commands for so many seconds, each on a dispute of its own; every answer must be a 200."""
    took: list[float] = []
    cpu, began = cpu_seconds(pid), time.perf_counter()
    end = began + seconds

    async def client() -> None:
        while time.perf_counter() < end:
            each = next(ids)
            start = time.perf_counter()
            async with load.post(
                f"/v1/disputes/{each}/response", data=BODY, headers={"Idempotency-Key": each}
            ) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
            took.append(time.perf_counter() - start)

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    elapsed = time.perf_counter() - began
    took.sort()
    return Round(len(took) / elapsed, took[int(0.99 * len(took))] * 1e3, (cpu_seconds(pid) - cpu) / len(took) * 1e6)
