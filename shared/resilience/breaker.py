"""Circuit breaker: an outside system that does not answer is left alone, and then asked by one at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from shared.resilience.retry import Backoff, Transient

T = TypeVar("T")

FAILURES = 5
"""In a row, after which it is left alone."""
PATIENCE = 4.0
"""Seconds that a call waits for its turn: whoever calls is held up by it instead of coming back at once."""


class LeftAlone(Transient):
    """It did not answer those who asked before, and has not been asked."""


class Breaker:
    """Lets all calls through while answers come. After `FAILURES` errors of the kind `away` in a row one call at a time
    asks, after a pause that grows to five seconds, and the others wait for what it comes to.
    """

    def __init__(self, away: type[Exception], patience: float = PATIENCE) -> None:
        self._away = away
        self._patience = patience
        self._failures = 0
        self._backoff = Backoff()
        self._until = 0.0
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it is left alone."""
        return self._failures >= FAILURES

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What is answered; LeftAlone where the turn does not come in time."""
        if self.is_open:
            async with self._taking_turns():
                if self.is_open:
                    return await self._asked(ask)
        return await self._asked(ask)

    @contextlib.asynccontextmanager
    async def _taking_turns(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
                await self._pause()
        except TimeoutError:
            raise LeftAlone(f"it did not answer {self._failures} times in a row") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _pause(self) -> None:
        try:
            await asyncio.sleep(self._until - self._now())
        except asyncio.CancelledError:
            self._turn.release()
            raise

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await ask()
        except self._away:
            self._failed()
            raise
        except Exception:
            self._succeeded()  # what it says is another matter
            raise
        self._succeeded()
        return answer

    def _failed(self) -> None:
        self._failures += 1
        if self.is_open:
            self._until = self._now() + self._backoff.failed(self._away())

    def _succeeded(self) -> None:
        self._failures = 0
        self._backoff.succeeded()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
