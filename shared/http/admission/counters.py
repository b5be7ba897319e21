"""Counters: how many requests came under a name within a window, in this process or in a store that several share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shared.process.clock import real_time

MOST_NAMES = 100_000


class Counters(Protocol):
    """Windows that begin with their first request. The storages of `limits.aio` are such counters, those that several
    processes share among them.
    """

    async def incr(self, key: str, expiry: int) -> int:
        """One more within the window, of so many seconds; how many that makes."""

    async def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""


@dataclass(slots=True)
class _Window:
    end: float
    count: int = 1


class LocalCounters:
    """Counters of this process: a window costs two numbers, and no task or thread looks after it."""

    def __init__(self, now: Callable[[], float] = real_time, most: int = MOST_NAMES) -> None:
        self._now = now
        self._most = most
        self._windows: dict[str, _Window] = {}

    def __len__(self) -> int:
        return len(self._windows)

    async def incr(self, key: str, expiry: int) -> int:
        """One more; an ended window begins anew."""
        now, window = self._now(), self._windows.get(key)
        # A clock that was set back leaves ends too far ahead: they end at once, and nobody waits for them.
        if window and now < window.end <= now + expiry:
            window.count += 1
            return window.count
        self._make_room(now)
        self._windows[key] = _Window(now + expiry)
        return 1

    async def get_expiry(self, key: str) -> float:
        """When the window ends; now, where there is none."""
        window = self._windows.get(key)
        return window.end if window else self._now()

    def _make_room(self, now: float) -> None:
        if len(self._windows) < self._most:
            return
        self._windows = {key: window for key, window in self._windows.items() if window.end > now}
        # Still too many names: the oldest half begins anew.
        for key in list(self._windows)[: len(self._windows) + self._most // 2 - self._most]:
            del self._windows[key]
