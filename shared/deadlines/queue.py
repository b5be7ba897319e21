"""Due queue: reads due deadlines, a bounded number at a time, and holds failed ones back without delaying the rest.

One reads at a time: `due_loop.py` holds the lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from shared.events.errors import NewerVersion
from shared.observability import metrics
from shared.resilience.retry import FIRST_WAIT, LONGEST_WAIT, jittered, transient

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

AT_ONCE = 100
POLL = 4.0
"""Seconds until what nobody announced is found: a clock that was set forward, a deadline put into the table by hand."""

DUE = """
select stream, kind, due_at, key from deadlines d
where due_at <= $1 and split_part(kind, ':', 1) = any($2::text[])
and not exists (select from unnest($3::text[], $4::text[], $5::timestamptz[]) as held (stream, kind, due_at)
    where held.stream = d.stream and held.kind = d.kind and held.due_at = d.due_at)
order by due_at limit $6
"""
NEXT = "select min(due_at) from deadlines where due_at > $1"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a stream wants to be asked, and when."""

    stream: str
    kind: str
    due_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Held:
    """A deadline that failed: not again before `until` (the loop's time), after the next failure `wait` seconds
    later.
    """

    until: float
    wait: float
    error: Exception

    @property
    def remedy(self) -> str:
        """Why it waits, and what helps."""
        if isinstance(self.error, NewerVersion):
            return f"{self.error!r} needs a newer version: run a worker that can read the stream"
        if transient(self.error):
            return f"it is tried again: {self.error!r}"
        return f"it is tried again, and the worker's log says more: {type(self.error).__name__}"


Fire = Callable[[Sequence[Deadline], datetime], Awaitable[Sequence[Exception | None]]]
"""Fires deadlines that were found due at an instant; for each None, or why it failed. Where all of it raises, each is
tried alone.
"""


class DueQueue:
    """Fires the due deadlines of some kinds, up to `width` at a time, in batches of at most `together`.

    A deadline of another kind is not looked at: it is another queue's, or a newer version's.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        now: Callable[[], datetime],
        fire: Fire,
        kinds: Iterable[str],
        width: int,
        together: int,
    ) -> None:
        self._name = name
        self._pool = pool
        self._now = now
        self._fire = fire
        self._kinds = sorted(kinds)
        self._width = width
        self._together = together
        self._in_hand: dict[Deadline, asyncio.Task[None]] = {}
        self._held: dict[Deadline, Held] = {}
        self._woken = asyncio.Event()
        self._stopping = False

    @property
    def busy(self) -> int:
        """How many are in hand."""
        return len(self._in_hand)

    def held(self) -> Mapping[Deadline, Held]:
        """What failed at the last try."""
        return self._held

    def wake(self) -> None:
        """Something may have become due."""
        self._woken.set()

    def stop(self) -> None:
        """Nothing more is taken in hand."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Fires until it is stopped and nothing is in hand; a cancellation also cancels what is in hand, which stays
        due.
        """
        try:
            while not self._stopping:
                self._woken.clear()
                await self._wait(await self._round())
            while self._in_hand:
                await asyncio.wait(set(self._in_hand.values()))
        finally:
            tasks = set(self._in_hand.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    async def _round(self) -> float:
        """Takes in hand what is due and finds room; the seconds to wait unless woken."""
        room = min(self._width - self.busy, AT_ONCE)
        if room < min(AT_ONCE, self._width) // 2:
            return POLL  # at least half of the room at a time, so that one query serves many; each end wakes the queue
        # Read once: after a step back of the clock, what was found due would be too early.
        now = self._now()
        due = await self._due(now, room)
        for start in range(0, len(due), self._together):
            self._take_in_hand(due[start : start + self._together], now)
        if len(due) == room:
            return 0.0  # there may be more: it is read while these are decided
        return POLL if due else await self._pause()

    def _take_in_hand(self, batch: Sequence[Deadline], now: datetime) -> None:
        task = asyncio.create_task(self._run_batch(batch, now))
        self._in_hand |= dict.fromkeys(batch, task)
        task.add_done_callback(partial(self._ended, batch))

    async def _due(self, now: datetime, room: int) -> list[Deadline]:
        moment = asyncio.get_running_loop().time()
        self._held = {deadline: held for deadline, held in self._held.items() if held.until > moment - 2 * LONGEST_WAIT}
        # What ends while the query runs is left out too: its row may be in the query's snapshot still.
        out = [*self._in_hand, *(deadline for deadline, held in self._held.items() if held.until > moment)]
        columns = (
            [deadline.stream for deadline in out],
            [deadline.kind for deadline in out],
            [deadline.due_at for deadline in out],
        )
        rows = await self._pool.fetch(DUE, now, self._kinds, *columns, room)
        return [Deadline(**row) for row in rows]

    async def _pause(self) -> float:
        upcoming = await self._pool.fetchval(NEXT, self._now())
        moment = asyncio.get_running_loop().time()
        waits = [max(0.0, held.until - moment) for held in self._held.values() if held.until > moment]
        if upcoming is not None:
            waits.append(max(0.0, (upcoming - self._now()).total_seconds()))
        return min([POLL, *waits])

    async def _wait(self, limit: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._woken.wait()

    def _ended(self, batch: Sequence[Deadline], _: object) -> None:
        for deadline in batch:
            del self._in_hand[deadline]
        self._woken.set()

    async def _run_batch(self, batch: Sequence[Deadline], now: datetime) -> None:
        try:
            failures = await self._fire(batch, now)
        except Exception as error:
            if len(batch) > 1 and not transient(error):  # one of them is bad
                for deadline in batch:
                    await self._run_batch([deadline], now)
                return
            failures = [error] * len(batch)
        for deadline, failure in zip(batch, failures, strict=True):
            if failure:
                self._failed(deadline, failure)
            else:
                self._held.pop(deadline, None)
        metrics.FIRED.labels(self._name).inc(sum(failure is None for failure in failures))

    def _failed(self, deadline: Deadline, error: Exception) -> None:
        first = deadline not in self._held
        wait = FIRST_WAIT if first else self._held[deadline].wait
        until = asyncio.get_running_loop().time() + jittered(wait)
        self._held[deadline] = Held(until, min(2 * wait, LONGEST_WAIT), error)
        metrics.DUE_FAILED.labels(self._name).inc()
        if transient(error) or isinstance(error, NewerVersion):
            log.info("deadline %s of %s waits %.1f s: %r", deadline.kind, deadline.stream, wait, error)
        elif first:
            log.error(
                "deadline %s of %s cannot be decided and is tried again: %r",
                deadline.kind,
                deadline.stream,
                error,
                exc_info=error,
            )
