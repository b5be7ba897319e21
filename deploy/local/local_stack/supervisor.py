"""Keeps servers running: starts them in layers, restarts what died, stops everything in reverse order."""

import asyncio
import contextlib
import signal
import time
from pathlib import Path

from local_stack.child import Child
from local_stack.report import StackError, say
from local_stack.server import READY_LIMIT, READY_POLL, Server
from local_stack.tasks import side_by_side

FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
# One that ran this long was well: its next death counts as the first.
WELL_AFTER = 10.0
TRIES_TO_START = 3


class Keeper:
    """One server and whatever process serves it now."""

    def __init__(self, server: Server, log: Path) -> None:
        self.server = server
        self.log = log
        self.child: Child | None = None
        self.restarts = 0
        self._delay = FIRST_DELAY
        self._task: asyncio.Task[None] | None = None

    async def start(self, limit: float = READY_LIMIT) -> None:
        """Starts it and waits until it is ready; one that keeps dying before that is given up."""
        command = await self.server.command()
        self._put_old_log_aside()
        self.child = Child(command, self.log)
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.server.name}")
        end = time.monotonic() + limit
        while not await self.server.ready():
            self._give_up_after(end)
            await asyncio.sleep(READY_POLL)

    async def stop(self) -> None:
        """Ends it for good."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.child:
            await self.child.stop()

    def kill(self) -> None:
        """Ends its process at once."""
        if self.child:
            self.child.kill()

    def _put_old_log_aside(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.old"))

    def _give_up_after(self, end: float) -> None:
        words = f"{self.child.last_words() if self.child else ''} (log: {self.log})"
        if self.restarts >= TRIES_TO_START:
            raise StackError(f"{self.server.name} ended {self.restarts} times before it was ready: {words}")
        if time.monotonic() > end:
            raise StackError(f"{self.server.name} is not ready: {words}")

    async def _keep(self) -> None:
        while self.child:
            code = await self.child.ended()
            lived = time.monotonic() - self.child.started
            self._delay = FIRST_DELAY if lived > WELL_AFTER else self._delay
            await self._start_again(code)

    async def _start_again(self, code: int) -> None:
        self.restarts += 1
        say(f"{self.server.name} ended ({how(code)}); starting it again in {self._delay:.1f} s")
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
        self._layers: list[list[Keeper]] = []

    async def start(self, *servers: Server) -> None:
        """Starts one layer, its servers side by side, and waits until all are ready; the first failure is raised."""
        keepers = [Keeper(server, self.logs / f"{server.name}.log") for server in servers]
        self._layers.append(keepers)
        async with side_by_side() as group:
            for keeper in keepers:
                group.create_task(self._start(keeper))

    async def stop(self) -> None:
        """Stops the layers, the last one first."""
        while self._layers:
            layer = self._layers.pop()
            await asyncio.gather(*(keeper.stop() for keeper in layer))

    def kill(self) -> None:
        """Ends every process at once, for somebody who will not wait."""
        for layer in self._layers:
            for keeper in layer:
                keeper.kill()

    def pids(self) -> dict[str, int]:
        """The process id of each server by name."""
        return {keeper.server.name: keeper.child.pid for layer in self._layers for keeper in layer if keeper.child}

    async def _start(self, keeper: Keeper) -> None:
        began = time.monotonic()
        await keeper.start()
        say(f"{keeper.server.name} is ready ({time.monotonic() - began:.1f} s)")


def how(code: int) -> str:
    """An exit code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
