"""A service's database, read in many short snapshots: what stands in the log never changes, so only the tables beside
it need a moment of their own, one for each window of streams.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from ops.audit.deadlines import DueRow
from ops.audit.entry import Entry, entry
from ops.audit.topic import Log

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Row = dict[str, Any]

WINDOW = 2000
"""Events whose streams are read in one snapshot; a longer stream has one to itself."""
PAGE = 5000
LIMIT = 60.0
LAST = "\U0010ffff"
"""Behind every name."""

_PLACES = """
select position, metadata ->> 'command_id' as command_id from events
where position > $1 and position <= $2 order by position limit $3
"""
_AT = """
select position, stream, version, key, type, data::text as data, metadata::text as metadata from events
where position = any($1)
"""
_WINDOW_END = "select stream from events where stream > $1 and stream < $2 order by stream, version offset $3 limit 1"
_ENTRIES = """
select position, stream, version, key, type, data::text as data, metadata::text as metadata, recorded_at from events
where stream > $1 and stream <= $2 order by stream, version
"""
_DEADLINES = "select stream, kind, due_at, key from deadlines where stream > $1 and stream <= $2"
_CATEGORIES = """
with recursive found (category) as (
    (select split_part(stream, '-', 1) from {table} order by stream limit 1)
    union all
    select (select split_part(stream, '-', 1) from {table} where stream >= category || '.' order by stream limit 1)
    from found where category is not null
)
select category from found where category is not null
"""
_RELAYED = "select coalesce(max(position), 0) from checkpoints where subscription = 'relay' and partition = -1"
_CHECKPOINTS = "select subscription, topic, partition, next_offset from checkpoints where subscription <> 'relay'"
_PARKED = "select subscription, stream, from_position, error from parked order by subscription, stream"
_QUARANTINED = """
select subscription, topic, partition, record_offset, reason from quarantine
order by subscription, topic, partition, record_offset
"""

TABLES = {
    "order_status": """
        select s.*, array(select concat_ws('|', line_id, cap, refunded, coalesce(released::text, '-'),
            coalesce(nullif(array_to_string(held_by, ','), ''), '-'), reclaimed, charged_back, sku)
            from order_status_lines l where l.order_id = s.order_id) as lines
        from order_status s where order_id > $1 and order_id <= $2""",
    "disputes": "select * from disputes where dispute_id > $1 and dispute_id <= $2",
    "clawbacks": "select * from clawbacks where dispute_id > $1 and dispute_id <= $2",
    "return_reasons": """
        select *, return_id || '/' || line_id as part from return_reasons where dispute_id > $1 and dispute_id <= $2""",
    "own_return_reasons": """
        select *, return_id || '/' || line_id as part from return_reasons
        where dispute_id is null and order_id > $1 and order_id <= $2""",
    "goodwill_clawbacks": "select * from goodwill_clawbacks where order_id > $1 and order_id <= $2",
    "evidence": "select * from evidence where evidence_id > $1 and evidence_id <= $2",
    "dispute_history": """
        select dispute_id, version, position, at, actor, action, rules, detail::text as detail from dispute_history
        where dispute_id > $1 and dispute_id <= $2""",
    "refunds": "select * from refunds where order_id > $1 and order_id <= $2",
    "payments": "select * from payments where order_id > $1 and order_id <= $2",
    "chargebacks": "select * from chargebacks where order_id > $1 and order_id <= $2",
    "returns": "select * from returns where return_id > $1 and return_id <= $2",
    "warranties": "select * from warranties where warranty_id > $1 and warranty_id <= $2",
}
"""By read model: its rows by the streams that they follow from."""
MODELS = {
    "order": ("order_status", "own_return_reasons", "goodwill_clawbacks"),
    "dispute": ("disputes", "dispute_history", "clawbacks", "return_reasons"),
    "evidence": ("evidence",),
    "payment": ("refunds", "payments", "chargebacks"),
    "return": ("returns",),
    "warranty": ("warranties",),
}
"""By category: the tables whose rows follow from its streams."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some streams of a category at one moment: their deadlines by stream, and the rows that follow from them."""

    deadlines: Mapping[str, Mapping[str, DueRow]]
    rows: Mapping[str, Sequence[Row]]
    entries: AsyncIterator[Entry]


@dataclass(frozen=True, slots=True)
class Database:
    """A connection, and the questions that the audit has."""

    connection: Connection
    plain: frozenset[str] = frozenset()
    """Events of which nothing follows."""

    async def started(self, grace: timedelta) -> datetime:
        """So long ago by the database's own clock."""
        moment: datetime = await self.connection.fetchval("select clock_timestamp() - $1::interval", grace)
        return moment

    async def head(self) -> int:
        """The log's last position."""
        return int(await self.connection.fetchval("select coalesce(max(position), 0) from events"))

    async def log(self, source: str) -> Log:
        """Which log it is."""
        row = await self.connection.fetchrow("select log_id, partitions, lineage from log")
        assert row is not None, "the migration makes the row, and nobody may delete it"
        return Log(str(row["log_id"]), row["partitions"], row["lineage"], source)

    async def relayed(self) -> int:
        """Up to which position the relay has published."""
        return int(await self.connection.fetchval(_RELAYED))

    async def checkpoints(self) -> dict[tuple[str, str], dict[int, int]]:
        """By subscription and topic: the next offset of each partition."""
        found: dict[tuple[str, str], dict[int, int]] = {}
        for row in await self.connection.fetch(_CHECKPOINTS):
            found.setdefault((row["subscription"], row["topic"]), {})[row["partition"]] = row["next_offset"]
        return found

    async def parked(self) -> list[Row]:
        """The parked streams."""
        return [dict(row) for row in await self.connection.fetch(_PARKED)]

    async def quarantine(self) -> list[Row]:
        """The records that no follower took for its log's."""
        return [dict(row) for row in await self.connection.fetch(_QUARANTINED)]

    async def categories(self, table: str = "events") -> list[str]:
        """The categories of the streams that a table names."""
        return [row["category"] for row in await self.connection.fetch(_CATEGORIES.format(table=table))]

    async def streams(self, category: str) -> list[str]:
        """Some streams of a category, for those that should not be there."""
        query = "select distinct stream from events where stream >= $1 || '-' and stream < $1 || '.' limit 100"
        return [row["stream"] for row in await self.connection.fetch(query, category)]

    async def places(self, head: int) -> AsyncIterator[Row]:
        """Position and command of every event up to a position, in order."""
        position = 0
        while rows := await self.connection.fetch(_PLACES, position, head, PAGE):
            for row in rows:
                yield dict(row)
            position = rows[-1]["position"]

    async def at(self, positions: Sequence[int]) -> dict[int, Row]:
        """The rows at some positions, their JSON as text."""
        return {row["position"]: dict(row) for row in await self.connection.fetch(_AT, positions)}

    async def windows(self, category: str) -> AsyncIterator[Window]:
        """All streams of a category, some at a time; a window's entries must be read before the next one's."""
        after, end = f"{category}-", f"{category}-{LAST}"
        while after < end:
            upto = await self.connection.fetchval(_WINDOW_END, after, end, WINDOW - 1) or end
            async with self.connection.transaction(isolation="repeatable_read", readonly=True):
                yield await self._window(category, after, upto)
            after = upto

    async def _window(self, category: str, after: str, upto: str) -> Window:
        deadlines: dict[str, dict[str, DueRow]] = {}
        for row in await self.connection.fetch(_DEADLINES, after, upto):
            deadlines.setdefault(row["stream"], {})[row["kind"]] = DueRow(row["due_at"], row["key"])
        subjects = [stream.removeprefix(f"{category}-") for stream in (after, upto)]
        rows = {name: await self._rows(name, subjects) for name in MODELS.get(category, ())}
        return Window(deadlines, rows, self._entries(after, upto))

    async def _rows(self, model: str, subjects: Sequence[str]) -> list[Row]:
        return [_comparable(dict(row)) for row in await self.connection.fetch(TABLES[model], *subjects)]

    async def _entries(self, after: str, upto: str) -> AsyncIterator[Entry]:
        async for row in self.connection.cursor(_ENTRIES, after, upto, prefetch=500):
            yield entry(dict(row), self.plain)


@contextlib.asynccontextmanager
async def connected(dsn: str, plain: frozenset[str] = frozenset()) -> AsyncIterator[Database]:
    """The database; it is only read."""
    settings = {"application_name": "makewhole audit", "default_transaction_read_only": "on"}
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=LIMIT, server_settings=settings)
    try:
        yield Database(connection, plain)
    finally:
        await connection.close()


def _comparable(row: Row) -> Row:
    if "lines" in row:
        row["lines"] = set(row["lines"])
    if "detail" in row:
        row["detail"] = orjson.loads(row["detail"])
    return row
