"""Moving time: in steps from deadline to deadline, and not before everything that follows from the last step is
done.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sandbox.clock import Clock, Move, Setting
from sandbox.workers import Report, Workers

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.002, 0.1, 1.25
"""Seconds between two rounds. A step is often done within milliseconds, and a long one shall not be slowed by
questions; growing by a
quarter, the pause loses at most a quarter of what the step took."""


class Keeper(Protocol):
    """Keeps the clock's position for the next life of the process."""

    async def keep(self, setting: Setting) -> None:
        """Stores the position durably."""


class NotQuiet(Exception):
    """Work is left that does not come to an end; time stays where it is."""

    def __init__(self, reports: Sequence[Report], revision: int) -> None:
        super().__init__(
            "; ".join(_complaint(report, revision) for report in reports if not _done(report, revision))
            or "the workers never rest"
        )
        self.reports = reports


class NoDeadline(Exception):
    """No service waits for anything."""


class Moving(Exception):
    """Somebody else moves the clock."""


class Abandoned(Exception):
    """Nobody waits any more for the clock to arrive; time stays where it is."""


@dataclass(slots=True)
class Patience:
    """How long a step may take: `stalled` seconds without any new event or step, `whole` seconds in all."""

    stalled: float = 120.0
    whole: float = 900.0
    _since: float = field(default_factory=time.monotonic)
    _seen: object = None
    _begun: float = field(default_factory=time.monotonic)

    def lasts(self, seen: object) -> bool:
        """Whether to go on, having seen this much progress."""
        now = time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since < self.stalled and now - self._begun < self.whole


class Mover:
    """Moves the clock, one caller at a time."""

    def __init__(
        self,
        clock: Clock,
        keeper: Keeper,
        workers: Workers,
        patience: Callable[[], Patience] = Patience,
        turn_limit: float = 60.0,
    ) -> None:
        self._clock = clock
        self._keeper = keeper
        self._workers = workers
        self._patience = patience
        self._turn_limit = turn_limit
        self._turn = asyncio.Lock()

    async def move(self, move: Move, gone: Callable[[], Awaitable[bool]]) -> int:
        """Moves the clock and answers in how many steps; between two steps it gives up once the caller is `gone`.

        Raises ValueError (backwards, or past the end), NoDeadline, Moving, NotQuiet, Abandoned.
        """
        async with self._alone():
            target, steps, patience = move.target(self._clock.now()), 0, self._patience()
            while True:
                since = self._clock.now()
                reports = await self._settled(patience)
                target = target or _earliest(reports)
                if since >= target:
                    return steps
                if await gone():
                    raise Abandoned
                if await self._step(min(filter(None, [target, *(report.next_deadline for report in reports)]))):
                    steps, patience = steps + 1, self._patience()
                await asyncio.sleep(FIRST_PAUSE)

    async def _step(self, instant: datetime) -> bool:
        """Makes it `instant`, unless real time has brought it by itself."""
        setting = self._clock.ahead(instant)
        if setting.offset == self._clock.setting.offset:
            return False
        # Stored first: a restart between the two lines may find time further on, never further back.
        await self._keeper.keep(setting)
        self._clock.publish(setting)
        return True

    async def _settled(self, patience: Patience) -> Sequence[Report]:
        """Waits for two rounds in a row in which every worker is done and no log has grown.

        One round proves little: the worker asked first may have been given work by the one asked last.
        """
        revision, before, pause = self._clock.setting.revision, None, FIRST_PAUSE
        while True:
            reports = await self._workers.reports()
            heads = [report.head for report in reports]
            done = all(_done(report, revision) for report in reports)
            if done and heads == before:
                return reports
            if not patience.lasts((revision, heads)):
                raise NotQuiet(reports, revision)
            before = heads if done else None
            if not done:
                await asyncio.sleep(pause)
                pause = min(pause * GROWTH, LONGEST_PAUSE)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turn.acquire(), self._turn_limit)
        except TimeoutError:
            raise Moving from None
        try:
            yield
        finally:
            self._turn.release()


def _done(report: Report, revision: int) -> bool:
    return report.quiet and report.revision == revision


def _complaint(report: Report, revision: int) -> str:
    behind = [f"it is at revision {report.revision}, the clock at {revision}"] if report.quiet else []
    return f"{report.worker}: {', '.join([*report.reasons, *behind]) or 'not quiet'}"


def _earliest(reports: Sequence[Report]) -> datetime:
    deadlines = [report.next_deadline for report in reports if report.next_deadline]
    if not deadlines:
        raise NoDeadline
    return min(deadlines)
