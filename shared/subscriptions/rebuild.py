"""Rebuild: a read model's rows made from the log in bulk, without Kafka (ADR 36).

The log is read in pages, those streams alone that the projection follows; rows are folded in memory and written by
COPY. A long log is gone through in several passes, each for the keys of one hash (the events of a row share a key), so
that no more rows are held than those of some hundred thousand events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import from_json

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
    async for page in _pages(log, model.STREAMS, head, passes, turn):
        for start in range(0, len(page), TURN):
            for row in page[start : start + TURN]:
                _add(fold, model, row)
            await asyncio.sleep(0)
        await _write(connection, fold, all_of_them=False)
    await _write(connection, fold, all_of_them=True)
    for note in fold.notes:
        await note.statement.execute(connection, **note.values)


async def _pages(
    log: Connection, streams: Sequence[str], head: int, passes: int, turn: int
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """The pages of one pass, each next one asked for while the last is worked on."""

    async def page(after: int) -> Sequence[asyncpg.Record]:
        return await log.fetch(READ, after, head, list(streams), passes, turn, PAGE, timeout=rows.NO_LIMIT)

    coming = asyncio.create_task(page(0))
    try:
        while found := await coming:
            coming = asyncio.create_task(page(found[-1]["position"]))
            yield found
    finally:
        coming.cancel()


def _add(fold: Fold, model: ReadModel, row: asyncpg.Record) -> None:
    position, stream, version, key, name, data, metadata = row
    try:
        event = codec.decode(name, data)
        fold.add(model.changes(Recorded(stream, version, position, event, cast(Metadata, _Metadata(key, metadata)))))
    except (NewerVersion, KeyError, ValueError) as error:
        raise Unreadable(f"{stream}/{version} at position {position}", f"{type(error).__name__}: {error}") from error


class _Metadata:
    """Metadata of which projections want little: each member is read when it is asked for."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        self._text = text

    @cached_property
    def at(self) -> datetime:
        return datetime.fromisoformat(self._members["at"])

    @cached_property
    def _members(self) -> dict[str, Any]:
        return cast(dict[str, Any], from_json(self._text))

    def __getattr__(self, name: str) -> Any:
        return self._members[name] if name == "actor" else getattr(Metadata.from_members(self._members, self.key), name)


async def _write(connection: Connection, fold: Fold, all_of_them: bool) -> None:
    for table, changed in fold.done(all_of_them):
        await rows.copy(connection, table, changed)


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
