"""Guard: the limits within which every carrier is called, whoever wrote its adapter."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from return_label.gateways.port import Bought, Carrier, LabelCall, Refused, Scan, Unanswered, Unavailable, Voided
from shared.resilience.breaker import Breaker, LeftAlone

T = TypeVar("T")

AT_ONCE = 16
"""Calls under way to the carrier; as many as the due loop makes, so that none waits here for its place."""
ANSWER_LIMIT = 8.0
"""Seconds. With the breaker's patience they stay below the due loop's own limit: we say what happened, and not it."""

log = logging.getLogger(__name__)


def _of_call(answer: T, is_so: bool) -> T:
    if not is_so:
        raise Unanswered("the carrier answers about another label")
    return answer


class Guarded:
    """A carrier that is asked by so many at once, for so many seconds, and left alone while it does not answer."""

    def __init__(self, carrier: Carrier, limit: float = ANSWER_LIMIT) -> None:
        self._carrier = carrier
        self._limit = limit
        self._places = asyncio.Semaphore(AT_ONCE)
        self._breaker = Breaker(Unavailable)
        self._left_alone = False

    async def buy(self, call: LabelCall) -> Bought | Refused:
        """Sells the label, as the port says; an answer about another one is none."""
        answer = await self._guarded(partial(self._carrier.buy, call))
        return _of_call(answer, answer.label_id == call.label_id)

    async def find(self, call: LabelCall) -> Bought | None:
        """What was sold under the key, as the port says."""
        answer = await self._guarded(partial(self._carrier.find, call))
        return _of_call(answer, answer is None or answer.label_id == call.label_id)

    async def void(self, call: LabelCall, tracking_number: str) -> Voided | Refused:
        """Takes the label back, as the port says; an answer about another one is none."""
        answer = await self._guarded(partial(self._carrier.void, call, tracking_number))
        if isinstance(answer, Voided):
            return _of_call(answer, answer.tracking_number == tracking_number)
        return _of_call(answer, answer.label_id == call.label_id)

    async def track(self, tracking_number: str) -> Sequence[Scan]:
        """What is known of the parcel, as the port says."""
        return await self._guarded(partial(self._carrier.track, tracking_number))

    async def _guarded(self, ask: Callable[[], Awaitable[T]]) -> T:
        async with self._places:
            try:
                return await self._breaker.call(partial(self._in_time, ask))
            except LeftAlone as error:
                raise Unanswered(f"the carrier is left alone: {error}") from error
            finally:
                self._tell()

    async def _in_time(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._limit):
                return await ask()
        except TimeoutError as error:
            raise Unavailable(f"the carrier did not answer within {self._limit:g} s") from error

    def _tell(self) -> None:
        """Says once when the carrier is left alone, and once when it answers again."""
        alone = self._breaker.is_open
        if alone != self._left_alone:
            log.warning("the carrier %s", "is left alone: it does not answer" if alone else "answers again")
        self._left_alone = alone
