"""Clock mover: goes from deadline to deadline, and waits after each step until every worker is done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sandbox.clock.clock import Clock, ClockPosition
from sandbox.clock.move_request import Move
from sandbox.clock.workers import Report, Workers

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.002, 0.1, 1.25
"""Seconds between two rounds. A step is often done within milliseconds, and a long one shall not be slowed by
questions; growing by a quarter, the pause loses at most a quarter of what the step took."""


class PositionStore(Protocol):
    """Where the clock's position outlasts the process."""

    async def save(self, position: ClockPosition) -> None:
        """Stores the position durably."""


class NotQuiet(Exception):
    """Work is left that does not come to an end; time stays where it is."""

    def __init__(self, reports: Sequence[Report], revision: int) -> None:
        super().__init__(
            "; ".join(_why_not_quiet(report, revision) for report in reports if not _done(report, revision))
            or "the workers never rest"
        )
        self.reports = reports


class NoDeadline(Exception):
    """No service waits for anything."""


class AlreadyMoving(Exception):
    """Somebody else moves the clock."""


class CallerGone(Exception):
    """Nobody waits any more for the clock to arrive; time stays where it is."""


@dataclass(slots=True)
class StepTimeout:
    """How long a step may take: `stalled` seconds without any new event or step, `total` seconds in all."""

    stalled: float = 120.0
    total: float = 900.0
    _progress: object = None
    _progress_at: float = field(default_factory=time.monotonic)
    _started_at: float = field(default_factory=time.monotonic)

    def expired(self, progress: object) -> bool:
        """Whether to give up, having come this far."""
        now = time.monotonic()
        if progress != self._progress:
            self._progress, self._progress_at = progress, now
        return now - self._progress_at >= self.stalled or now - self._started_at >= self.total


class ClockMover:
    """Moves the clock, one caller at a time."""

    def __init__(
        self,
        clock: Clock,
        positions: PositionStore,
        workers: Workers,
        timeout: Callable[[], StepTimeout] = StepTimeout,
        turn_limit: float = 60.0,
    ) -> None:
        self._clock = clock
        self._positions = positions
        self._workers = workers
        self._timeout = timeout
        self._turn_limit = turn_limit
        self._turn = asyncio.Lock()

    async def move(self, move: Move, caller_gone: Callable[[], Awaitable[bool]]) -> int:
        """Moves the clock and answers in how many steps; between two steps it gives up once `caller_gone`.

        Raises ValueError (backwards, or past the end), NoDeadline, AlreadyMoving, NotQuiet, CallerGone.
        """
        async with self._one_at_a_time():
            target, steps, timeout = move.target(self._clock.now()), 0, self._timeout()
            while True:
                before = self._clock.now()
                reports = await self._all_quiet(timeout)
                target = target or _earliest(reports)
                if before >= target:
                    return steps
                if await caller_gone():
                    raise CallerGone
                if await self._step(min(filter(None, [target, *(report.next_deadline for report in reports)]))):
                    steps, timeout = steps + 1, self._timeout()
                await asyncio.sleep(FIRST_PAUSE)

    async def _step(self, instant: datetime) -> bool:
        """Makes it `instant`, unless real time has brought it by itself."""
        position = self._clock.ahead(instant)
        if position.offset == self._clock.position.offset:
            return False
        # Stored first: a restart between the two lines may find time further on, never further back.
        await self._positions.save(position)
        self._clock.publish(position)
        return True

    async def _all_quiet(self, timeout: StepTimeout) -> Sequence[Report]:
        """Waits for two rounds in a row in which every worker is done and no log has grown.

        One round proves little: the worker asked first may have been given work by the one asked last.
        """
        revision, before, pause = self._clock.position.revision, None, FIRST_PAUSE
        while True:
            reports = await self._workers.reports()
            heads = [report.head for report in reports]
            done = all(_done(report, revision) for report in reports)
            if done and heads == before:
                return reports
            if timeout.expired((revision, heads)):
                raise NotQuiet(reports, revision)
            before = heads if done else None
            if not done:
                await asyncio.sleep(pause)
                pause = min(pause * GROWTH, LONGEST_PAUSE)

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turn.acquire(), self._turn_limit)
        except TimeoutError:
            raise AlreadyMoving from None
        try:
            yield
        finally:
            self._turn.release()


def _done(report: Report, revision: int) -> bool:
    return report.quiet and report.revision == revision


def _why_not_quiet(report: Report, revision: int) -> str:
    behind = [f"it is at revision {report.revision}, the clock at {revision}"] if report.quiet else []
    return f"{report.worker}: {', '.join([*report.reasons, *behind]) or 'not quiet'}"


def _earliest(reports: Sequence[Report]) -> datetime:
    deadlines = [report.next_deadline for report in reports if report.next_deadline]
    if not deadlines:
        raise NoDeadline
    return min(deadlines)
