"""Event store on PostgreSQL: load, append, read_all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol
from uuid import UUID

from shared.decider import Clear, Start
from shared.events import codec
from shared.events.base import Event, StreamOfKey
from shared.events.codec import Decode, Encode
from shared.events.envelope import Cause, Recorded, Stored, Write
from shared.eventstore.connections import ReconnectingConnection
from shared.eventstore.errors import (
    Busy,
    EventTooLarge,
    OutcomeUnknown,
    UnsafeDatabase,
    Unstorable,
    WrongExpectedVersion,
)
from shared.eventstore.reader import HEAD, LOG_ID, READ_ALL, BatchedLoader, QueryConnection, stored
from shared.eventstore.rows import CEILING, Append, Deadlines, encode_append
from shared.eventstore.writer import Limits, Observe, Writer
from shared.observability.metrics import WriterFigures
from shared.resilience.retry import transient

__all__ = [
    "Busy",
    "EventStore",
    "EventTooLarge",
    "Limits",
    "OutcomeUnknown",
    "PostgresEventStore",
    "UnsafeDatabase",
    "Unstorable",
    "WrongExpectedVersion",
    "open_store",
]


log = logging.getLogger(__name__)

History = Sequence[Recorded[Event]]
Failed = BaseException
"""In the place of an answer: why there is none."""


class EventStore(Protocol):
    """A service's log and its streams."""

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        """The events of each stream, all as of one instant; an unknown stream has none, nor has one of an unknown first
        stream's key.
        """

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        """Records all writes or none; the position of the last event. The same append sent again answers as the first
        did.

        Raises WrongExpectedVersion where a stream has moved, Busy where nothing was recorded and the same may succeed
        later, OutcomeUnknown where it may have been recorded, Unstorable where the log cannot hold an event.
        """

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        """The log behind a position, in order, at most `limit` events as they are stored; positions have no hole."""

    async def head(self) -> int:
        """The position of the last event, 0 where there is none."""


class BatchStore(EventStore, Protocol):
    """One that is asked for much at once: what fails of it fails alone."""

    async def load_each(self, asked: Iterable[Sequence[str | StreamOfKey]]) -> Sequence[Sequence[History] | Failed]:
        """As many loads as are asked for, each with its answer or its error."""

    async def append_each(self, asked: Iterable[tuple[Sequence[Write], Cause]]) -> Sequence[int | Failed]:
        """As many appends as are asked for, each with its answer or its error."""


class ForetellingStore(EventStore, Protocol):
    """One on which a command can be tried."""

    def encoded(self, writes: Sequence[Write], cause: Cause) -> Append:
        """The append as it would be sent, and is not: raises what `append` refuses before it asks anybody."""


def no_deadlines(stream: str, event: Event) -> Iterable[Start | Clear]:
    """For a store whose events start nothing."""
    return ()


class PostgresEventStore:
    """The log of one service's database, for one process: three connections, one each for appends, loads and reads of
    the log.
    """

    def __init__(
        self,
        dsn: str,
        deadlines: Deadlines,
        encode: Encode,
        decode: Decode,
        limits: Limits | None,
        observe: Observe | None,
        ceiling: int = CEILING,
    ) -> None:
        self._deadlines = deadlines
        self._ceiling = ceiling
        self._encode = encode
        self._lines = [ReconnectingConnection(dsn) for _ in range(3)]
        self._writer = Writer(self._lines[0], limits, observe, self._demoted)
        self._loader = BatchedLoader(QueryConnection(self._lines[1]), decode)
        self._reader = QueryConnection(self._lines[2])

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        """The events of each stream, all as of one instant, in one round trip."""
        return await self._loader.load(streams)

    async def load_each(self, asked: Iterable[Sequence[str | StreamOfKey]]) -> Sequence[Sequence[History] | Failed]:
        """As many loads at once; each has its answer or its error."""
        return await asyncio.gather(*map(self._loader.load, asked), return_exceptions=True)

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        """Records all writes or none, with their deadlines and personal texts; the position of the last event."""
        return await self._writer.append(self.encoded(writes, cause))

    async def append_each(self, asked: Iterable[tuple[Sequence[Write], Cause]]) -> Sequence[int | Failed]:
        """As many appends at once, each all or nothing by itself; each has its answer or its error."""
        return await asyncio.gather(*(self._appended(*each) for each in asked), return_exceptions=True)

    def _appended(self, writes: Sequence[Write], cause: Cause) -> asyncio.Future[int]:
        try:
            return self._writer.append(self.encoded(writes, cause))
        except Exception as error:  # it cannot be stored, and concerns only who asked for it
            refused: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    def encoded(self, writes: Sequence[Write], cause: Cause) -> Append:
        """The append as it is sent; raises what is refused before the database is asked."""
        return encode_append(writes, cause, self._encode, self._deadlines, self._ceiling)

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        """The log behind a position, in order, at most `limit` events as they are stored."""
        return [stored(row) for row in await self._reader.fetch(READ_ALL, after, limit)]

    async def head(self) -> int:
        """The position of the last event, 0 where there is none."""
        return int((await self._reader.fetch(HEAD))[0][0])

    async def log_id(self) -> UUID:
        """Which log this is: made by the migration, changed by a restore."""
        found: UUID = (await self._reader.fetch(LOG_ID))[0][0]
        return found

    @property
    def figures(self) -> WriterFigures:
        """What the writer has done so far."""
        return self._writer.figures

    @property
    def queued(self) -> int:
        """Appends that wait for a batch."""
        return self._writer.queued

    async def open(self) -> None:
        """Connects, and asserts the server's settings, or UnsafeDatabase; a database that is away is waited for by who
        needs it.
        """
        try:
            for line in self._lines:
                await line.open()
        except Exception as error:
            if not transient(error):
                raise
            log.warning("the store begins without its database: %s", type(error).__name__)

    def _demoted(self) -> None:
        """No connection may stay on a server that has become a standby: loads would not notice, and be late."""
        for line in self._lines:
            line.drop()

    async def close(self) -> None:
        """Sends what waits, within the writer's limit, and ends the connections."""
        await self._writer.close()
        await self._loader.close()
        for line in self._lines:
            await line.close()


@contextlib.asynccontextmanager
async def open_store(
    dsn: str,
    *,
    deadlines: Deadlines = no_deadlines,
    encode: Encode = codec.encode,
    decode: Decode = codec.decode,
    limits: Limits | None = None,
    observe: Observe | None = None,
    ceiling: int = CEILING,
) -> AsyncIterator[PostgresEventStore]:
    """The store in the database at `dsn`, drained and closed at the end; `deadlines` is the decider's."""
    store = PostgresEventStore(dsn, deadlines, encode, decode, limits, observe, ceiling)
    try:
        await store.open()
        yield store
    finally:
        await store.close()
