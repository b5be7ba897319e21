"""Server protocol: a command to run and a check that it is ready; what the supervisor and the tests start."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from local_stack.child import Child, Command
from local_stack.report import StackError

READY_POLL = 0.03
READY_LIMIT = 300.0
"""Seconds: what ends while it starts is told at once, so this is for what hangs, and a busy machine needs minutes."""


class Server(Protocol):
    """A program that serves."""

    @property
    def name(self) -> str:
        """The name in logs and messages."""

    async def command(self) -> Command:
        """Prepares what it needs and returns its command; called again before each restart."""

    async def ready(self) -> bool:
        """Whether it does its work; no error while it starts."""


@runtime_checkable
class Probed(Protocol):
    """A server that can be asked whether it lives, also where it cannot do its work."""

    async def alive(self) -> bool:
        """Whether it answers."""


@contextlib.asynccontextmanager
async def serving(server: Server, log: Path, limit: float = READY_LIMIT) -> AsyncIterator[Child]:
    """Runs the server until the block ends; it is ready when the block begins and gone when it has ended."""
    child = Child(await server.command(), log)
    try:
        await until_ready(server, child, limit)
        yield child
    finally:
        await child.stop()


async def until_ready(server: Server, child: Child, limit: float = READY_LIMIT) -> None:
    """Waits for a server that may not end before it is ready."""
    end = time.monotonic() + limit
    while not await server.ready():
        if child.exit_code is not None:
            raise StackError(f"{server.name} ended before it was ready: {child.last_line()} (log: {child.log})")
        if time.monotonic() > end:
            raise StackError(f"{server.name} is not ready after {limit:.0f} s: {child.last_line()} (log: {child.log})")
        await asyncio.sleep(READY_POLL)
