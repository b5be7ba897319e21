"""Take-up: streams that were begun before their deadlines ran, or by a process of the version before, get them.

An append writes the deadlines that its own version knows. What an older one wrote is found here and held against the
table, as `makewhole deadlines rebuild` does for a whole log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.deadlines.from_log import DeadlinesOfLog, Due, Place
from shared.deadlines.rebuild import apply, changes
from shared.decider import Decider
from shared.events.base import Event
from shared.events.codec import type_name

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool
    from shared.eventstore.store import BatchStore

AT_ONCE = 200
"""Events in one turn, and so streams at most."""

WAITING = """
select e.stream, e.position from events e
where e.position > $1 and e.type = any($2::text[])
and not exists (select from events o where o.stream = e.stream and o.type = any($3::text[]))
order by e.position limit $4
"""
ROWS = "select stream, kind, due_at, key from deadlines where stream = any($1::text[])"
HEAD = "select coalesce(max(position), 0) from events"


class TakeUp:
    """Takes up what waits for a deadline that nobody has written; `starts` are the events that call for one, `ends`
    those after which their stream waits for nothing. Each event is looked at once in a worker's life.
    """

    def __init__(
        self,
        store: BatchStore,
        pool: Pool,
        decider: Decider,
        starts: Iterable[type[Event]],
        ends: Iterable[type[Event]],
    ) -> None:
        self._store = store
        self._pool = pool
        self._decider = decider
        self._starts = [type_name(each) for each in starts]
        self._ends = [type_name(each) for each in ends]
        self._seen = 0

    async def turn(self) -> bool:
        """Looks at what is new since the last turn, at most so many events; whether more of them wait."""
        head = await self._pool.fetchval(HEAD)
        found = await self._pool.fetch(WAITING, self._seen, self._starts, self._ends, AT_ONCE)
        await self._take_up(list(dict.fromkeys(row["stream"] for row in found)))
        full = len(found) == AT_ONCE
        self._seen = found[-1]["position"] if full else head
        return full

    async def _take_up(self, streams: Sequence[str]) -> None:
        log, rows = await self._folded(streams), await self._rows(streams)
        if wanted := list(changes(log, rows)):
            async with self._pool.acquire() as connection:
                await apply(connection, wanted)

    async def _folded(self, streams: Sequence[str]) -> DeadlinesOfLog:
        log = DeadlinesOfLog(self._decider)
        loaded = await self._store.load_each([[stream] for stream in streams])
        for stream, histories in zip(streams, loaded, strict=True):
            if isinstance(histories, BaseException):
                log.unreadable(stream)  # a newer version's, which takes it up itself
                continue
            for recorded in histories[0]:
                log.add(recorded)
        return log

    async def _rows(self, streams: Sequence[str]) -> Mapping[Place, Due]:
        rows = await self._pool.fetch(ROWS, streams)
        return {(row["stream"], row["kind"]): Due(row["due_at"], row["key"]) for row in rows}
