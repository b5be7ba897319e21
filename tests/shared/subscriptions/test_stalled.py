"""A subscription stands still where records wait and none comes, and not where it was idle before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from shared.resilience.retry import Backoff
from shared.subscriptions import subscription as module
from shared.subscriptions.source import Stalled
from shared.subscriptions.subscription import Subscription


class AtItsEnd(Exception):
    """There is no more to observe."""


class Silent:
    """A topic of which nothing comes."""

    async def fetch(self, _: float, __: int) -> dict[int, list[Any]]:
        await asyncio.sleep(0.01)
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
    source: Any = Silent()
    await Observed(iter(lags))._follow(source, Backoff(1.0))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OBSERVE_EVERY", 0.0)
    monkeypatch.setattr(module, "STALLED_AFTER", 0.1)


async def test_an_event_after_idle_time_is_no_stall() -> None:
    """Given a subscription that was idle for longer than the limit, when one event comes, then it goes on."""
    with pytest.raises(AtItsEnd):
        await follow(*[0] * 20, 1)


async def test_records_that_wait_and_never_come_are_a_stall() -> None:
    """Given records that wait, when none comes for the limit, then the subscription says that it stands still."""
    with pytest.raises(Stalled, match="1 records wait"):
        await follow(*[1] * 100)
