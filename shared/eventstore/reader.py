"""Reader: loads of concurrent tasks in one round trip, rows decoded to recorded events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from shared.events import codec
from shared.events.base import Event, StreamOfKey
from shared.events.codec import Decode
from shared.events.envelope import Recorded, Stored
from shared.eventstore.connections import ReconnectingConnection
from shared.eventstore.errors import Busy, TornHistory
from shared.resilience.retry import jittered, transient

COLUMNS = "stream, version, position, key, type, data, metadata"
LOAD = f"""
select {COLUMNS} from events where stream = any($1::text[] || array(
    select category || '-' || first.key
    from unnest($2::text[], $3::text[]) as wanted(stream, category)
    join events as first on first.stream = wanted.stream and first.version = 1
)) order by stream, version
"""  # noqa: S608
"""The streams named in $1, and of each in $2 the stream of the category in $3 that has its key."""
READ_ALL = f"select {COLUMNS} from events where position > $1 order by position limit $2"  # noqa: S608
HEAD = "select coalesce(max(position), 0) from events"
LOG_ID = "select log_id from log"

LOADS_AT_ONCE = 128
EVENTS_AT_ONCE = 200
"""So many events are decoded before others have their turn: some milliseconds."""
QUEUE = 4096
LIMIT = 5.0
"""Seconds for an answer, from the question on: the wait for its turn, and every further try, included."""
ATTEMPTS = 4
PAUSE = 0.05

History = Sequence[Recorded[Event]]
Waiting = tuple[Sequence[str | StreamOfKey], "asyncio.Future[Sequence[History]]", float]
"""The streams that somebody loads, the answer, and since when it is waited for."""


class QueryConnection:
    """Queries on one connection, one at a time, each tried again on a new connection where the old one failed."""

    def __init__(self, line: ReconnectingConnection) -> None:
        self._line = line
        self._turn = asyncio.Lock()

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """The rows; Busy where the database does not answer within the limit."""
        trouble: list[Exception] = []
        try:
            async with asyncio.timeout(LIMIT), self._turn:
                return await self._fetch(query, arguments, trouble)
        except TimeoutError as error:
            raise Busy(f"the database does not answer: {trouble[-1:]}") from error

    async def _fetch(self, query: str, arguments: Sequence[Any], trouble: list[Exception]) -> list[Any]:
        while True:
            try:
                connection = await self._line.open()
                return await connection.fetch(query, *arguments)
            except BaseException as error:
                self._line.drop()
                if not isinstance(error, Exception) or not transient(error):
                    raise
                trouble.append(error)
                if len(trouble) == ATTEMPTS:
                    raise Busy(f"the database does not answer: {error!r}") from error
            await asyncio.sleep(jittered(PAUSE * len(trouble)))

    async def close(self) -> None:
        """Ends the connection."""
        await self._line.close()


class BatchedLoader:
    """Gathers the loads of concurrent tasks: while one query is under way, the next one's streams collect."""

    def __init__(self, reader: QueryConnection, decode: Decode) -> None:
        self._reader = reader
        self._decode = decode
        self._queue: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._now = asyncio.get_running_loop().time
        self._decoded = 0

    def load(self, streams: Sequence[str | StreamOfKey]) -> asyncio.Future[Sequence[History]]:
        """The history of each stream, all as of one instant."""
        answer: asyncio.Future[Sequence[History]] = asyncio.get_running_loop().create_future()
        if len(self._queue) >= QUEUE:
            answer.set_exception(Busy(f"{len(self._queue)} loads are waiting"))
            return answer
        self._queue.append((streams, answer, self._now()))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return answer

    async def close(self) -> None:
        """Ends the query under way; who still waits gets Busy."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1)
        self._refuse(self._queue, Busy("the store is closed"))

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._answer(self._take())
                await asyncio.sleep(0)
        finally:
            self._task = None  # with no await since the look at the queue

    def _take(self) -> Sequence[Waiting]:
        oldest = self._now() - LIMIT
        waiting = [self._queue.popleft() for _ in range(min(LOADS_AT_ONCE, len(self._queue)))]
        if late := [load for load in waiting if load[2] < oldest]:
            self._refuse(late, Busy(f"not loaded within {LIMIT:g} s"))
        return [load for load in waiting if not load[1].done()]

    async def _answer(self, waiting: Sequence[Waiting]) -> None:
        if not waiting:
            return
        try:
            rows = await self._reader.fetch(LOAD, *_asked(streams for streams, _, _ in waiting))
        except BaseException as error:
            closing = isinstance(error, asyncio.CancelledError)
            self._refuse(waiting, Busy("the store is closed") if closing else error)
            if not isinstance(error, Exception):
                raise
            if isinstance(error, Busy):
                self._refuse_queue(error)
            return
        try:
            await self._hand_out(waiting, rows)
        except BaseException:
            self._refuse(waiting, Busy("the store is closed"))
            raise

    async def _hand_out(self, waiting: Sequence[Waiting], rows: Iterable[Any]) -> None:
        by_stream: dict[str, list[Any]] = {}
        for row in rows:
            by_stream.setdefault(row[0], []).append(row)
        histories: dict[str, History] = {}
        for load in waiting:
            streams, answer, _ = load
            if answer.done():
                continue
            try:
                names = _names(streams, by_stream)
                for name in set(names) - histories.keys():
                    histories[name] = await self._history(by_stream.get(name, ()))
            except Exception as error:  # an event that this version cannot read concerns only who asked for it
                self._refuse([load], error)
                continue
            if not answer.done():  # who asked may have left meanwhile
                answer.set_result([histories[name] for name in names])

    async def _history(self, rows: Sequence[Any]) -> History:
        if rows and rows[-1][1] != len(rows):  # versions are unique, and never below 1
            raise TornHistory(f"{rows[0][0]} has {len(rows)} events, the last one's version is {rows[-1][1]}")
        decoded: list[Recorded[Event]] = []
        for row in rows:
            decoded.append(codec.recorded(stored(row), self._decode))
            self._decoded += 1
            if self._decoded % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return tuple(decoded)

    def _refuse_queue(self, error: Busy) -> None:
        """Who waits behind loads that had no answer would have none either, and would only be told later."""
        waiting, self._queue = self._queue, deque()
        self._refuse(waiting, error)

    @staticmethod
    def _refuse(waiting: Iterable[Waiting], error: BaseException) -> None:
        for _, answer, _ in waiting:
            if not answer.done():
                answer.set_exception(error)


def _asked(loads: Iterable[Sequence[str | StreamOfKey]]) -> tuple[list[str], list[str], list[str]]:
    """What the query is asked for: names; and first streams, with the categories beside them."""
    names: dict[str, None] = {}
    beside: dict[tuple[str, str], None] = {}
    for first, *others in loads:
        for stream in (first, *others):
            if isinstance(stream, str):
                names[stream] = None
            else:
                beside[str(first), stream.category] = None
    return [*names], [first for first, _ in beside], [category for _, category in beside]


def _names(streams: Sequence[str | StreamOfKey], rows: Mapping[str, Sequence[Any]]) -> list[str]:
    """The streams by name; one of an unknown key has a name that no stream has."""
    first = rows.get(str(streams[0]))
    key = first[0][3] if first else ""
    return [stream if isinstance(stream, str) else stream.named(key).name for stream in streams]


def stored(row: Any) -> Stored:
    """A row of the columns above as it stands in the log."""
    stream, version, position, key, name, data, metadata = row
    return Stored(stream, version, position, key, name, data, from_json(metadata))
