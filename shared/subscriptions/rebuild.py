"""Rebuild: a read model's rows made from the log in bulk, without Kafka (ADR 36).

The log is read in pages, those streams alone that the projection follows; rows are folded in memory and written by
COPY. A long log is gone through in several passes, each for the keys of one hash (the events of a row share a key), so
that no more rows are held than those of some hundred thousand events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson
from sqlalchemy import Table

from shared.events import codec
from shared.events.envelope import Metadata, Recorded
from shared.events.errors import NewerVersion
from shared.events.fingerprint import fingerprint
from shared.events.slot import slot_of
from shared.subscriptions import rows
from shared.subscriptions.changes import Fold
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.projection import ReadModel

if TYPE_CHECKING:
    import asyncpg

    from shared.eventstore.connections import Connection

T = TypeVar("T")
Made = Sequence[tuple[Table, Sequence[rows.Row]]]

PAGE = 2_000
TURN = 250
"""Events that are folded before what the database has sent meanwhile is taken in."""
HELD = 250_000
"""Events whose rows are held at once."""

READ = """
select position, stream, version, key, type, data, metadata from events
where position > $1 and position <= $2 and stream ^@ any($3::text[]) and (hashtext(key) & 2147483647) % $4::int = $5
order by position limit $6
"""
BACKWARDS = "select position, key from events where position < $1 order by position desc limit $2"
HEAD = "select coalesce(max(position), 0) from events"
EVENTS = """
select position, stream || '/' || version as id, metadata->>'command_id' as command_id, data::text as data
from events where position = any($1::bigint[])
"""


class Unreadable(Exception):
    """An event of the log that this version cannot make rows of."""


async def rebuild(
    log: Connection, connection: Connection, model: ReadModel, partitions: int
) -> Mapping[int, Checkpoint]:
    """Fills the read model's tables, which are empty; the last event of each partition that is in them.

    Unreadable where the log holds what this version cannot read.
    """
    head = int(await log.fetchval(HEAD))
    passes = 1 + head // HELD
    for turn in range(passes):
        await _pass(log, connection, model, head, passes, turn)
    return await _reached(log, head, partitions)


async def _pass(log: Connection, connection: Connection, model: ReadModel, head: int, passes: int, turn: int) -> None:
    fold = Fold()
    pages = _ahead(_pages(log, model.STREAMS, head, passes, turn))
    async with aclosing(pages), aclosing(_ahead(_made(fold, model, pages))) as made:
        async for done in made:
            for table, changed in done:
                await rows.copy(connection, table, changed)
    for note in fold.notes:
        await note.statement.execute(connection, **note.values)


async def _ahead(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The same, each next one made while the last is worked on."""
    coming = asyncio.ensure_future(anext(source, None))
    try:
        while (found := await coming) is not None:
            coming = asyncio.ensure_future(anext(source, None))
            yield found
    finally:
        coming.cancel()
        await asyncio.wait({coming})


async def _pages(
    log: Connection, streams: Sequence[str], head: int, passes: int, turn: int
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """The pages of one pass."""
    after = 0
    while page := await log.fetch(READ, after, head, list(streams), passes, turn, PAGE, timeout=rows.NO_LIMIT):
        yield page
        after = page[-1]["position"]


async def _made(fold: Fold, model: ReadModel, pages: AsyncIterator[Sequence[asyncpg.Record]]) -> AsyncIterator[Made]:
    """The rows that no event changes any more, a page at a time, and at the end all others."""
    async for page in pages:
        for start in range(0, len(page), TURN):
            for row in page[start : start + TURN]:
                _add(fold, model, row)
            await asyncio.sleep(0)
        yield list(fold.done(all_of_them=False))
    yield list(fold.done())


def _add(fold: Fold, model: ReadModel, row: asyncpg.Record) -> None:
    position, stream, version, key, name, data, metadata = row
    try:
        event = codec.decode(name, data)
        fold.add(model.changes(Recorded(stream, version, position, event, cast(Metadata, _Metadata(key, metadata)))))
    except (NewerVersion, KeyError, ValueError) as error:
        raise Unreadable(f"{stream}/{version} at position {position}", f"{type(error).__name__}: {error}") from error


class _Metadata:
    """Metadata of which projections want little beside the key: it is read when something is asked for."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        self._text = text

    def __getattr__(self, name: str) -> Any:
        members = orjson.loads(self._text)
        self.at, self.actor = datetime.fromisoformat(members["at"]), members["actor"]
        if name in ("at", "actor"):
            return getattr(self, name)
        return getattr(Metadata.from_members(members, self.key), name)


async def _reached(log: Connection, head: int, partitions: int) -> Mapping[int, Checkpoint]:
    """Each partition's last event up to the head, found from the end."""
    last: dict[int, int] = {}
    before = head + 1
    while len(last) < partitions and (found := await log.fetch(BACKWARDS, before, PAGE, timeout=rows.NO_LIMIT)):
        for row in found:
            last.setdefault(slot_of(row["key"]) % partitions, row["position"])
        before = found[-1]["position"]
    events = {row["position"]: row for row in await log.fetch(EVENTS, list(last.values()))}
    return {
        partition: _checkpoint(partition, events[last[partition]]) if partition in last else Checkpoint(partition)
        for partition in range(partitions)
    }


def _checkpoint(partition: int, row: asyncpg.Record) -> Checkpoint:
    event = fingerprint(row["id"].encode(), row["command_id"].encode(), row["data"].encode())
    return Checkpoint(partition, position=row["position"], event=event)
