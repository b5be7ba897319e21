"""A subscription stands still where records wait and none comes, and not where it was idle before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.resilience.retry import Backoff
from shared.subscriptions.source import Stalled
from shared.subscriptions.subscription import OBSERVE_EVERY, STALLED_AFTER, Subscription


class AtItsEnd(Exception):
    """There is no more to observe."""


class Silent:
    """A topic of which nothing comes, and the time that is waited for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    async def fetch(self, limit: float, _: int) -> dict[int, list[Any]]:
        self.now += limit
        return {}


class Observed(Subscription):
    """It finds so many records waiting, one time after the other."""

    def __init__(self, lags: Iterator[int]) -> None:
        self._lags = lags

    async def _observe(self, _: Any) -> int:
        for lag in self._lags:
            return lag
        raise AtItsEnd


async def follow(*lags: int) -> None:
    topic = Silent()
    source: Any = topic
    await Observed(iter(lags))._follow(source, Backoff(1.0), topic.time)


LIMIT = int(STALLED_AFTER / OBSERVE_EVERY)
"""How often it is observed before what waits is a stall."""


async def test_an_event_after_idle_time_is_no_stall() -> None:
    """Given a subscription that was idle for longer than the limit, when one event comes, then it goes on."""
    with pytest.raises(AtItsEnd):
        await follow(*[0] * 2 * LIMIT, 1)


async def test_records_that_wait_and_never_come_are_a_stall() -> None:
    """Given records that wait, when none comes for the limit, then the subscription says that it stands still."""
    with pytest.raises(Stalled, match="1 records wait"):
        await follow(*[1] * LIMIT)


async def test_records_that_have_waited_for_less_are_no_stall() -> None:
    """Given records that wait, when none comes for less than the limit, then the subscription goes on."""
    with pytest.raises(AtItsEnd):
        await follow(*[1] * (LIMIT - 1))
