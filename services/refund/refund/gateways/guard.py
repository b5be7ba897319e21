"""Guard: the limits within which every gateway is called, whoever wrote it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from refund.gateways.port import Answer, Gateway, Pending, RefundCall, Unanswered, Unavailable
from shared.observability import metrics
from shared.resilience.breaker import Breaker, LeftAlone

T = TypeVar("T")

AT_ONCE = 16
"""Calls under way to the provider; as many as the due loop makes, so that none waits here for its place."""
ANSWER_LIMIT = 8.0
"""Seconds. With the breaker's patience, twice where a payment is looked up first, they stay below the due loop's own
limit, so that we say what happened, not it.
"""

log = logging.getLogger(__name__)


class Guarded:
    """A gateway that is asked by so many at once, for so many seconds, and left alone while it does not answer."""

    def __init__(self, gateway: Gateway, limit: float = ANSWER_LIMIT) -> None:
        self._gateway = gateway
        self._limit = limit
        self._places = asyncio.Semaphore(AT_ONCE)
        self._breaker = Breaker(Unavailable)
        self._left_alone = False

    async def refund(self, call: RefundCall) -> Answer | Pending:
        """Pays back, as the port says."""
        return await self._guarded(partial(self._gateway.refund, call))

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        """What became of it, as the port says."""
        return await self._guarded(partial(self._gateway.find, call))

    async def _guarded(self, ask: Callable[[], Awaitable[T]]) -> T:
        async with self._places:
            try:
                return await self._breaker.call(partial(self._in_time, ask))
            except LeftAlone as error:
                raise Unanswered(f"the provider is left alone: {error}") from error
            finally:
                self._tell()

    async def _in_time(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._limit):
                return await ask()
        except TimeoutError as error:
            raise Unavailable(f"the provider did not answer within {self._limit:g} s") from error

    def _tell(self) -> None:
        """Says once when the provider is left alone, and once when it answers again."""
        alone = self._breaker.is_open
        metrics.GATEWAY_LEFT_ALONE.set(alone)
        if alone != self._left_alone:
            log.warning("the payment provider %s", "is left alone: it does not answer" if alone else "answers again")
        self._left_alone = alone
