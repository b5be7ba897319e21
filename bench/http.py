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
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

import aiohttp

from bench.pgbench import Pgbench
from bench.report import Row
from dispute.domain.decider import decider
from migrations.migrator import dsn, migrate_all
from shared.events import codec
from shared.events.base import SYSTEM, StreamName
from shared.events.dispute import DisputeOpened
from shared.events.envelope import Cause, Write
from shared.events.logs import PARTITIONS
from shared.events.slot import id_in_slot
from shared.eventstore.rows import encode_append
from shared.eventstore.store import no_deadlines, open_store
from shared.process.addresses import Ports
from tests.support.servers.backing import Databases, free_port_base

CONNECTIONS = 64
MOST_A_SECOND = 6_000
READY_LIMIT = 30.0
BODY = b'{"decision":"reject","reason":"It was delivered to the address on the order."}'
SELLER = "bench-seller"
UNCOUNTED = "commands=1000000/second"
"""One seller is the whole load: counted as everybody is, and never refused."""


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of one round of load."""

    commands: float
    p99: float
    cpu: float


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """The goals of a command over HTTP, interleaved with their reference."""
    await migrate_all(server, PARTITIONS, ["dispute", "sandbox"])
    [(_, _, _, _, data, metadata)] = encode_append(
        [Write("dispute-1", "o", 0, [opened("1", datetime.now(UTC))])], cause(), codec.encode, no_deadlines
    ).events
    pgbench = Pgbench(await Databases(server).empty(), data.decode(), metadata.decode())
    await pgbench.prepare()
    loaded: list[Round] = []
    plain: list[float] = []
    async with serving(server) as (base, pid), session(base) as load:
        await measured(load, pid, await disputes(server, MOST_A_SECOND), 1)
        for _ in range(rounds):
            plain.append(await pgbench.inserts(16, seconds))
            loaded.append(await measured(load, pid, await disputes(server, int(MOST_A_SECOND * seconds)), seconds))
    note = f"{CONNECTIONS} connections, one app process, worker and Kafka stopped"
    return [
        Row(
            "complete HTTP command",
            "/s",
            [each.commands for each in loaded],
            plain,
            "pgbench c16",
            0.15,
            0.25,
            note=note,
        ),
        Row("app CPU an HTTP command", "us", [each.cpu for each in loaded], gate=350, target=250, at_most=True),
        Row("HTTP command p99, saturated", "ms", [each.p99 for each in loaded], gate=60, target=30, at_most=True),
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
async def session(base: int) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the app with the seller's token."""
    async with aiohttp.ClientSession() as client:
        request = {"sub": SELLER, "roles": ["seller"], "expires_in": 3600}
        async with client.post(f"http://127.0.0.1:{Ports(base).app('sandbox')}/token", json=request) as answer:
            token = (await answer.json())["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "If-Match": '"1"',
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{Ports(base).app('dispute')}", headers=headers, connector=connector
    ) as client:
        yield client


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


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that the process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def disputes(server: str, count: int) -> Iterator[str]:
    """So many open disputes, appended to the log directly."""
    run, now = uuid4().hex[:8], datetime.now(UTC)
    ids = [id_in_slot(0, "dsp", f"{run}{number:08d}") for number in range(count)]
    async with open_store(dsn(server, "dispute"), deadlines=decider.deadlines) as store:
        for start in range(0, count, 500):
            await asyncio.gather(*(store.append(writes(each, now), cause()) for each in ids[start : start + 500]))
    return iter(ids)


def writes(dispute_id: str, now: datetime) -> list[Write]:
    """The stream of an open dispute."""
    stream = StreamName(f"dispute-{dispute_id}", f"order-of-{dispute_id}")
    return [Write(stream.name, str(stream.key), 0, [opened(dispute_id, now)])]


def cause() -> Cause:
    return Cause(uuid4(), datetime.now(UTC), str(SYSTEM), correlation="bench")


def opened(dispute_id: str, now: datetime) -> DisputeOpened:
    """A dispute as the service would open it, with the seller's time running."""
    changed = {"dispute_id": dispute_id, "seller_id": SELLER, "opened_at": now, "respond_by": now + timedelta(days=6)}
    return golden().model_copy(update=changed)


@cache
def golden() -> DisputeOpened:
    """The event as its golden document has it."""
    path = Path(__file__).parents[1] / "tests" / "golden" / "makewhole.DisputeOpened.v1.json"
    return DisputeOpened.model_validate_json(path.read_bytes())
