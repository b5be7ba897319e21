"""Supervisor: starts servers in layers, restarts what died, stops everything in reverse order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from local_stack.child import Child
from local_stack.report import StackError, say
from local_stack.server import READY_LIMIT, READY_POLL, Probed, Server
from shared.resilience.tasks import run_all

FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
# One that ran this long had started well: its next end counts as the first.
STABLE_AFTER = 10.0
TRIES_TO_START = 3
LOOK_EVERY = 7.5
LOOKS = 2
"""Questions without an answer, one after the other, until a process counts as hung."""
SETTLED_AFTER = 60.0


class SupervisedServer:
    """One server and the process that serves it now."""

    def __init__(self, server: Server, log: Path) -> None:
        self.server = server
        self.log = log
        self.child: Child | None = None
        self.restarts = 0
        self._delay = FIRST_DELAY
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, limit: float = READY_LIMIT) -> None:
        """Starts it and waits until it is ready; one that keeps dying before that is given up."""
        command = await self.server.command()
        self._rename_old_log()
        self.child = Child(command, self.log)
        self._watch(self._restart_when_ended())
        end = time.monotonic() + limit
        while not await self.server.ready():
            self._give_up_after(end)
            await asyncio.sleep(READY_POLL)
        if isinstance(self.server, Probed):
            self._watch(self._kill_when_hung(self.server))

    def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=f"watch {self.server.name}"))

    async def stop(self) -> None:
        """Ends it for good."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.child:
            await self.child.stop()

    def kill(self) -> None:
        """Ends its process at once."""
        if self.child:
            self.child.kill()

    def _rename_old_log(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.old"))

    def _give_up_after(self, end: float) -> None:
        reason = f"{self.child.last_line() if self.child else ''} (log: {self.log})"
        if self.restarts >= TRIES_TO_START:
            raise StackError(f"{self.server.name} ended {self.restarts} times before it was ready: {reason}")
        if time.monotonic() > end:
            raise StackError(f"{self.server.name} is not ready: {reason}")

    async def _restart_when_ended(self) -> None:
        while self.child:
            code = await self.child.ended()
            lived = time.monotonic() - self.child.started
            self._delay = FIRST_DELAY if lived > STABLE_AFTER else self._delay
            await self._restart(code)

    async def _kill_when_hung(self, server: Probed) -> None:
        failures = 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            failures = 0 if self._is_young() or await server.alive() else failures + 1
            if failures >= LOOKS:
                say(f"{self.server.name} does not answer any more: it is ended, to be started again")
                self.kill()
                failures = 0

    def _is_young(self) -> bool:
        """Whether it may still be starting."""
        return self.child is None or time.monotonic() - self.child.started < SETTLED_AFTER

    async def _restart(self, code: int) -> None:
        self.restarts += 1
        say(f"{self.server.name} ended ({exit_reason(code)}); starting it again in {self._delay:.1f} s")
        await asyncio.sleep(self._delay)
        self._delay = min(LONGEST_DELAY, self._delay * 2)
        try:
            self.child = Child(await self.server.command(), self.log)
        except (StackError, OSError) as error:
            say(f"{self.server.name} could not be started: {error}")


class Supervisor:
    """The servers of one stack."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._layers: list[list[SupervisedServer]] = []

    async def start(self, *servers: Server) -> None:
        """Starts one layer, its servers side by side, and waits until all are ready; the first failure is raised."""
        layer = [SupervisedServer(server, self.logs / f"{server.name}.log") for server in servers]
        self._layers.append(layer)
        await run_all([_start(server) for server in layer])

    async def stop(self) -> None:
        """Stops the layers, the last one first."""
        while self._layers:
            layer = self._layers.pop()
            await asyncio.gather(*(server.stop() for server in layer))

    def kill(self) -> None:
        """Ends every process at once, for somebody who will not wait."""
        for layer in self._layers:
            for server in layer:
                server.kill()

    def pids(self) -> dict[str, int]:
        """The process id of each server by name."""
        return {each.server.name: each.child.pid for layer in self._layers for each in layer if each.child}


async def _start(supervised: SupervisedServer) -> None:
    started = time.monotonic()
    await supervised.start()
    say(f"{supervised.server.name} is ready ({time.monotonic() - started:.1f} s)")


def exit_reason(code: int) -> str:
    """An exit code as text, a signal by its name."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
