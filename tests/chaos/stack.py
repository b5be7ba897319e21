"""Chaos stack: the whole system supervised process by process, so that a test can end any and watch it return."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack.child import Child, Command
from local_stack.databases import ensure_databases, ensure_logins, migrate_all
from local_stack.kafka import Kafka
from local_stack.keys import log_keys
from local_stack.passwords import passwords
from local_stack.postgres import Postgres
from local_stack.server import Server
from local_stack.services import services
from local_stack.supervisor import SupervisedServer
from local_stack.topics import ensure_topics
from shared.events.logs import PARTITIONS
from shared.process.addresses import Ports
from tests.support.servers import backing
from tests.support.servers.stack import eventually, owner_url

APPS = ("dispute", "refund", "return_label")
WORKERS = ("dispute-worker", "refund-worker", "return_label-worker")
PROJECT = (*APPS, *WORKERS)
"""The processes of makewhole itself; the sandbox, which is the world outside, has a case of its own."""
BACK_LIMIT = 300.0


class Marked:
    """A server whose next life can be held back, and whose next lives take the crash plans in turn.

    `marks` is the folder where a life notes at which crash point it died: each process has one of its own, for a point
    fires once a folder. With a `runner` they go on as that module makes of them: as another version.
    """

    def __init__(self, server: Server, marks: Path) -> None:
        self.name = server.name
        self.marks = marks
        self.plans: deque[str] = deque()
        self.runner: str | None = None
        self.may_start = asyncio.Event()
        self.may_start.set()
        self._server = server

    async def command(self) -> Command:
        """The server's command, once it may start, with the next plan or none."""
        await self.may_start.wait()
        command = await self._server.command()
        plan = self.plans.popleft() if self.plans else ""
        if self.runner:
            python, dash_m, module = command.argv
            command = replace(command, argv=[python, dash_m, self.runner, module])
        own = {"MAKEWHOLE_STATE": str(self.marks), "CRASH": plan, "MAKEWHOLE_QUOTAS": "off"}
        return replace(command, env={**command.env, **own})

    async def ready(self) -> bool:
        return await self._server.ready()


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the stack, whichever of its lives it is in."""

    server: Marked
    supervised: SupervisedServer

    @property
    def child(self) -> Child:
        assert self.supervised.child, f"{self.server.name} was never started"
        return self.supervised.child

    @property
    def crashed(self) -> list[str]:
        """The crash points that have fired in it, in their order."""
        file = self.server.marks / "crashed"
        return file.read_text().split() if file.exists() else []

    def forget_crashes(self) -> None:
        """What has fired may fire again, in lives that have not begun yet."""
        (self.server.marks / "crashed").unlink(missing_ok=True)

    def disarm(self, *plans: str) -> None:
        """What the present life and those to come would still die at counts as fired."""
        with (self.server.marks / "crashed").open("a") as file:
            file.writelines(f"{plan}\n" for plan in plans)

    @property
    def alive(self) -> bool:
        return self.child.exit_code is None

    async def died(self, limit: float = BACK_LIMIT) -> Child:
        """The present life once it has ended, which must be by SIGKILL."""
        child = self.child
        code = await asyncio.wait_for(child.ended(), limit)
        assert code == -signal.SIGKILL, f"{self.server.name} ended with {code}: {child.last_line()}"
        return child

    async def kill(self) -> bool:
        """Ends the present life as `kill -9` does; whether that was its end, and not one of its own at the same
        moment.
        """
        child = self.child
        if not self.alive:
            return False
        os.kill(child.pid, signal.SIGKILL)
        return await asyncio.wait_for(child.ended(), BACK_LIMIT) == -signal.SIGKILL

    async def begun(self) -> None:
        """Returns when the next life has begun."""
        await eventually(lambda: self.alive, BACK_LIMIT)

    async def back(self, limit: float = BACK_LIMIT) -> None:
        """Returns when a life of it is ready to work."""
        await eventually(self._ready, limit)

    async def restart(self, *plans: str) -> None:
        """Ends the present life; those that follow take the plans, and the first of them is ready."""
        self.server.plans.extend(plans)
        assert await self.kill()
        await self.back()

    async def _ready(self) -> bool:
        return self.alive and await self.server.ready()


@dataclass(frozen=True, slots=True)
class Chaos:
    """A running stack: its processes by name."""

    base: int
    state: Path
    processes: Mapping[str, Process]

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{Ports(self.base).kafka}"

    @property
    def database_url(self) -> str:
        return owner_url(self.base, self.state)

    @property
    def environment(self) -> dict[str, str]:
        """What the `makewhole` command needs to find this stack."""
        own = {"PORT_BASE": str(self.base), "MAKEWHOLE_KAFKA": self.kafka}
        return {**os.environ, **own, "MAKEWHOLE_STATE": str(self.state)}

    async def makewhole(self, *words: str) -> str:
        """What a command of an operator says, which must succeed."""
        program, pipe = Path(sys.executable).with_name("makewhole"), asyncio.subprocess.PIPE
        argv = (str(program), *words)
        process = await asyncio.create_subprocess_exec(*argv, env=self.environment, stdout=pipe, stderr=pipe)
        said, complaint = await asyncio.wait_for(process.communicate(), BACK_LIMIT)
        assert process.returncode == 0, (words, said.decode(), complaint.decode())
        return said.decode()

    async def back(self, names: Iterable[str] | None = None) -> None:
        """Returns when every process, or each of the named ones, is ready to work."""
        await asyncio.gather(*(self.processes[name].back() for name in names or self.processes))


@contextlib.asynccontextmanager
async def chaos_stack() -> AsyncIterator[Chaos]:
    """PostgreSQL, Kafka, the sandbox, three apps, three workers and the console on ports and in a folder of their
    own.
    """
    # The client libraries complain about each attempt to reach a server that is down.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    base, processes = backing.free_port_base(), dict[str, Process]()
    with backing.temporary_state() as state:
        stack, ports = Chaos(base, state, processes), Ports(base)
        try:
            await _start(stack, processes, [Postgres(state, ports.postgres), Kafka(state, ports.kafka)])
            await ensure_databases(stack.database_url)
            await asyncio.gather(migrate_all(stack.database_url, PARTITIONS), ensure_topics(stack.kafka))
            await ensure_logins(stack.database_url, passwords(state))
            await _start(stack, processes, services(ports, stack.kafka, state, log_keys(state)))
            yield stack
        finally:
            for layer in (list(processes.values())[2:], list(processes.values())[:2]):
                await asyncio.gather(*map(_stop, layer))


async def _start(stack: Chaos, processes: dict[str, Process], servers: Iterable[Server]) -> None:
    layer = [Marked(server, stack.state / "marks" / server.name) for server in servers]
    for server in layer:
        server.marks.mkdir(parents=True)
        processes[server.name] = Process(server, SupervisedServer(server, stack.state / "log" / f"{server.name}.log"))
    await asyncio.gather(*(processes[server.name].supervised.start() for server in layer))


async def _stop(process: Process) -> None:
    if process.supervised.child and process.alive:
        os.kill(process.child.pid, signal.SIGCONT)  # it may have been stopped
    await process.supervised.stop()
