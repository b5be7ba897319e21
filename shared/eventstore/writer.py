"""Writer: gathers concurrent appends into one call of the append function, one call at a time per process.

So the log's lock, which makes positions follow commit order, is taken once a batch and costs nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from shared.eventstore.connections import ReconnectingConnection
from shared.eventstore.errors import Busy, OutcomeUnknown, UnsafeDatabase, Unstorable, WrongExpectedVersion
from shared.eventstore.rows import Append, columns
from shared.observability.metrics import WriterFigures
from shared.resilience import crash_points
from shared.resilience.retry import jittered, transient

if TYPE_CHECKING:
    from shared.eventstore.connections import StoreConnection

APPEND = f"select append_events({', '.join(f'${n}' for n in range(1, 21))})"

REFUSED = (asyncpg.DataError, ValueError)  # by the server, and by the driver before it was sent
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the writer; times in seconds, sizes in bytes."""

    batch_items: int = 128
    batch_bytes: int = 1024 * 1024
    queue_items: int = 2048
    queue_bytes: int = 32 * 1024 * 1024
    queue_wait: float = 5.0
    attempt: float = 6.0  # above statement_timeout, so that the server's own time-out comes first
    outcome: float = 10.0
    close: float = 10.0


Observe = Callable[[int, float], None]
"""Called after each batch with its number of items and its seconds."""


class Writer:
    """Takes appends from any number of tasks of one event loop and sends them batch by batch."""

    def __init__(
        self,
        line: ReconnectingConnection,
        limits: Limits | None = None,
        observe: Observe | None = None,
        demoted: Callable[[], None] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.figures = WriterFigures()
        self._line = line
        self._observe = observe
        self._demoted = demoted or line.drop
        self._queue: deque[Append] = deque()
        self._bytes = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._now = asyncio.get_running_loop().time

    @property
    def queued(self) -> int:
        """Appends that wait for a batch."""
        return len(self._queue)

    def append(self, item: Append) -> asyncio.Future[int]:
        """The position of the item's last event; WrongExpectedVersion, Busy, OutcomeUnknown or Unstorable."""
        full = len(self._queue) >= self.limits.queue_items or self._bytes + item.size > self.limits.queue_bytes
        if self._closing or (full and self._queue):
            why = "the writer is closing" if self._closing else f"{len(self._queue)} appends are waiting"
            self._fail(item, Busy(why))
            return item.answer
        item.waiting_since = self._now()
        self._queue.append(item)
        self._bytes += item.size
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return item.answer

    async def close(self) -> None:
        """Refuses new appends and sends those that wait, up to the limit; returns when each has its answer."""
        self._closing = True
        task = self._task
        if task is not None:
            await asyncio.wait({task}, timeout=self.limits.close)
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        for item in self._queue:
            self._fail(item, Busy("the writer is closed"))

    async def _drain(self) -> None:
        try:
            while self._queue:
                if batch := self._take():
                    await self._settle(batch)
                    # Callers that were just answered append again first: else every second batch would hold one item.
                    await asyncio.sleep(0)
        finally:
            # Without an await between the look at the queue and this line: an append that comes later starts a new
            # task.
            self._task = None

    def _take(self) -> list[Append]:
        """The next batch: in order, with one item a stream; a second one waits, as does what follows on its streams."""
        batch: list[Append] = []
        later: list[Append] = []
        streams: set[str] = set()
        size = 0
        self._expire()
        while self._queue and len(batch) < self.limits.batch_items:
            item = self._queue[0]
            if batch and size + item.size > self.limits.batch_bytes:
                break
            self._queue.popleft()
            if item.answer.done():  # its caller went away before it was sent
                self._bytes -= item.size
                continue
            if streams.isdisjoint(item.streams):
                batch.append(item)
                size += item.size
            else:
                later.append(item)
            streams |= item.streams
        self._queue.extendleft(reversed(later))
        self._bytes -= size
        return batch

    def _expire(self) -> None:
        """Refuses what has waited too long; the oldest stand in front, but for items whose stream was taken."""
        oldest = self._now() - self.limits.queue_wait
        while self._queue and self._queue[0].waiting_since < oldest:
            item = self._queue.popleft()
            self._bytes -= item.size
            self._fail(item, Busy(f"not sent within {self.limits.queue_wait:g} s"))

    async def _settle(self, batch: list[Append]) -> None:
        """Sends the batch, in parts where need be, until each of its items has an answer."""
        try:
            await self._send_until(deque([batch]), self._now() + self.limits.outcome)
        except BaseException as error:
            for item in batch:
                self._fail(
                    item, OutcomeUnknown("the writer was ended") if isinstance(error, asyncio.CancelledError) else error
                )
            if not isinstance(error, Exception):
                raise

    async def _send_until(self, parts: deque[list[Append]], end: float) -> None:
        pause = FIRST_PAUSE
        while parts:
            part = [item for item in parts.popleft() if not item.answer.done()]
            if self._now() >= end:
                self._give_up(part)
            elif part and (again := await self._try(part)) is not None:
                parts.extendleft(reversed(again))
                self._expire()
                await asyncio.sleep(jittered(pause))
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    async def _try(self, part: list[Append]) -> list[list[Append]] | None:
        """None when each item has its answer, else the parts in which to send them again."""
        sent = False
        try:
            connection = await self._line.open()
            sent = True
            answers = await self._send(connection, part)
        except UnsafeDatabase:
            raise
        except Exception as error:
            return self._failed(part, error, sent)
        for item, position in zip(part, answers, strict=True):
            self._succeed(item, position)
        return None

    async def _send(self, connection: StoreConnection, part: Sequence[Append]) -> Sequence[int | None]:
        began = self._now()
        crash_points.point(crash_points.BEFORE_COMMIT)
        answers: Sequence[int | None] = await connection.fetchval(APPEND, *columns(part), timeout=self.limits.attempt)
        crash_points.point(crash_points.AFTER_COMMIT)
        self.figures.batches += 1
        self.figures.items += len(part)
        if self._observe:
            self._observe(len(part), self._now() - began)
        return answers

    def _failed(self, part: list[Append], error: Exception, sent: bool) -> list[list[Append]] | None:
        singly = [[item] for item in part]
        if sent and lost(error):
            # Perhaps committed: the same again, one by one, until the function says what became of each. A transaction
            # that still runs holds the log's lock, so the function answers after it and sees its rows.
            self._line.drop()
            self.figures.resent += len(part)
            for item in part:
                item.uncertain = True
            return singly
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            self._demoted()  # it has become a standby: the next connection may find the primary
            return [part]
        if transient(error):
            return [part]
        if len(part) > 1:  # one of them is bad: each is tried alone
            return singly
        self._fail(part[0], Unstorable(str(error)) if isinstance(error, REFUSED) else error)
        return None

    def _give_up(self, part: list[Append]) -> None:
        for item in part:
            limit = f"{self.limits.outcome:g} s"
            self._fail(
                item,
                OutcomeUnknown(f"sent, and no answer within {limit}")
                if item.uncertain
                else Busy(f"not taken within {limit}"),
            )

    def _succeed(self, item: Append, position: int | None) -> None:
        if position is None:
            self.figures.conflicts += 1
            self._fail(item, WrongExpectedVersion(", ".join(sorted(item.streams))))
        elif not item.answer.done():  # a caller that went away
            item.answer.set_result(position)

    def _fail(self, item: Append, error: BaseException) -> None:
        if item.answer.done():
            return
        self.figures.busy += isinstance(error, Busy)
        self.figures.unknown += isinstance(error, OutcomeUnknown)
        item.answer.set_exception(error)


def lost(error: Exception) -> bool:
    """Whether the statement may have been committed all the same: no answer came, or the server ended the session."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.PostgresConnectionError):
        return isinstance(error, asyncpg.OperatorInterventionError) and not isinstance(
            error, asyncpg.QueryCanceledError
        )
    return transient(error)
