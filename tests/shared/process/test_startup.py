"""Processes start in any order: each waits for what it needs, says so once, and stops when it is asked to."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from shared.observability.log_lines import Logger, LogStream
from shared.process.addresses import Ports
from shared.process.startup import unless_stopped, wait_for
from tests.support.servers.backing import free_port_base
from tests.support.servers.stack import LIMIT, eventually


@dataclass
class Process:
    """A process of makewhole beside which there is nothing: no PostgreSQL, no Kafka, no sandbox."""

    child: asyncio.subprocess.Process
    port: int

    async def status(self, path: str) -> int | None:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return None

    async def alive(self) -> bool:
        return await self.status("/healthz") == 200

    async def stopped(self) -> tuple[int | None, Sequence[Mapping[str, Any]]]:
        """Its status and what it has said, once it was asked to stop."""
        self.child.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(self.child.communicate(), LIMIT)
        return self.child.returncode, [json.loads(line) for line in said.decode().splitlines()]


@asynccontextmanager
async def alone(module: str, port: Callable[[Ports], int]) -> AsyncIterator[Process]:
    ports = Ports(free_port_base())
    environment = {
        "PORT_BASE": str(ports.base),
        "MAKEWHOLE_DATABASE_URL": "postgresql://127.0.0.1:9",
        "MAKEWHOLE_KAFKA": "127.0.0.1:9",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield Process(child, port(ports))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


@pytest.mark.parametrize(
    ("module", "port"),
    [("refund.app", lambda ports: ports.app("refund")), ("refund.worker", lambda ports: ports.worker("refund"))],
    ids=["app", "worker"],
)
async def test_a_process_without_its_servers_lives_is_not_ready_and_stops_in_order(
    module: str, port: Callable[[Ports], int]
) -> None:
    async with alone(module, port) as process:
        await eventually(process.alive)
        assert await process.status("/readyz") == 503
        status, said = await process.stopped()
    assert status == 0
    assert [line for line in said if line["level"] in ("error", "critical")] == []
    assert len(said) < 10


async def test_a_sandbox_without_its_database_waits_says_so_once_and_stops_in_order() -> None:
    async with alone("sandbox.app", lambda ports: ports.app("sandbox")) as process:
        assert process.child.stderr
        first = json.loads(await asyncio.wait_for(process.child.stderr.readline(), LIMIT))
        assert (first["event"], first["waiting_for"]) == ("waiting", "database")
        status, said = await process.stopped()
    assert (status, said) == (0, [])


async def test_one_line_says_what_is_waited_for_and_one_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(Logger, "out", LogStream(stream))
    answers = iter(["away", "away", "away", "not migrated", None])

    async def check() -> str | None:
        return next(answers)

    await wait_for("database", check)
    await asyncio.sleep(0)  # the turn in which they are written
    said = stream.getvalue()
    assert [said.count(word) for word in ("away", "not migrated", "there")] == [1, 1, 1]


async def test_a_stop_ends_the_waiting() -> None:
    asked = asyncio.Event()
    waiting = asyncio.create_task(unless_stopped(for_ever(), asked))
    asked.set()
    assert await waiting is False


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_what_is_there_begins() -> None:
    async def nothing() -> None: ...

    assert await unless_stopped(nothing(), asyncio.Event())


@pytest.mark.parametrize("each", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_is_told_to_stop_before_it_listens_ends_in_order(each: signal.Signals) -> None:
    starting = (
        "import signal; from shared.process.settings import Settings; from shared.process.startup import prepare; "
        f"prepare('dispute', Settings()); signal.raise_signal({int(each)})"
    )
    done = subprocess.run([sys.executable, "-c", starting], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
