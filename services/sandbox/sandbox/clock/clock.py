"""Test clock: how far the domain's time is ahead of real time, and who waits for its next move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from typing_extensions import TypedDict

from shared.events.base import Instant

MICROSECOND = timedelta(microseconds=1)


def real_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


class ClockView(TypedDict):
    """The domain's present, how often it was moved, and how many microseconds it is ahead of real time."""

    now: Instant
    revision: int
    offset_us: int


class ClockMoved(ClockView):
    """The clock after a move, and in how many steps it came there."""

    steps: int


@dataclass(frozen=True, slots=True)
class ClockPosition:
    """One position of the clock: how far it is ahead, and how often it had been moved by then."""

    offset: timedelta
    revision: int


class Clock:
    """The domain's time as this process tells it: real time plus the offset. Unknown until the first position is
    published.
    """

    known = False

    def __init__(self, real: Callable[[], datetime] = real_now) -> None:
        self.position = ClockPosition(timedelta(), 0)
        self._real = real
        self._moved = asyncio.Event()

    @property
    def revision(self) -> int:
        """How often it has been moved."""
        return self.position.revision

    def now(self) -> datetime:
        """The domain's present, UTC."""
        return self._real() + self.position.offset

    def ahead(self, instant: datetime) -> ClockPosition:
        """The position at which it is `instant` now, never behind the present one."""
        return ClockPosition(max(instant - self._real(), self.position.offset), self.position.revision + 1)

    def publish(self, position: ClockPosition) -> None:
        """Takes a position that is stored, and wakes whoever waits for it."""
        self.position, self.known = position, True
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def moved(self, revision: int) -> None:
        """Returns once the clock's revision is another one than `revision`."""
        while self.revision == revision:
            await self._moved.wait()

    @property
    def view(self) -> ClockView:
        """The clock as the API shows it."""
        return {
            "now": self.now(),
            "revision": self.revision,
            "offset_us": self.position.offset // MICROSECOND,
        }
