"""Sweep: does a piece of clearing again and again, by real time, beside what the worker is there for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from shared.process.component import Component
from shared.resilience.retry import jittered, transient

EVERY = 300.0

log = logging.getLogger(__name__)

Turn = Callable[[], Awaitable[bool]]
"""A bounded piece of work; whether more of it may wait."""


class Sweep(Component):
    """Takes a turn every few minutes, and the next one at once where more waits. What does not answer it asks again in
    its next turn: nothing depends on it.
    """

    def __init__(self, turn: Turn, every: float = EVERY) -> None:
        self._turn = turn
        self._every = every
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Sweeps until it is stopped or cancelled."""
        while not self._stopping.is_set():
            if not await self._more_waits():
                await self._pause()

    def stop(self) -> bool:
        """Ends after the turn that is under way."""
        self._stopping.set()
        return True

    async def _more_waits(self) -> bool:
        try:
            return await self._turn()
        except Exception as error:
            if not transient(error):
                raise
            log.warning("a sweep waits for its next turn: %s", type(error).__name__)
            return False

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(jittered(self._every)):
                await self._stopping.wait()
