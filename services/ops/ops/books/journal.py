"""Journal: the postings of every log in the order of their instants, read in short pages: nothing is held in memory but
a page of each log.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import asyncpg
import orjson

from ops.audit.entry import Entry, entry
from ops.books.accounts import POSTINGS, Posting, postings
from ops.databases import connected

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PAGE = 10_000
"""Positions that one query looks at: it is done soon, whatever the length of the log."""

_HEAD = "select coalesce(max(position), 0) from events"
_PAGE = """
select position, stream, version, key, type, data::text as data, metadata::text as metadata, recorded_at from events
where position > $1 and position <= $2 and split_part(type, '.', 2) = any($3)
    and ($4::timestamptz is null or (metadata ->> 'at')::timestamptz >= $4)
    and ($5::timestamptz is null or (metadata ->> 'at')::timestamptz < $5)
order by position
"""
_ASKED = """
select data::text as data from events where stream = any($1) and split_part(type, '.', 2) = 'RefundRequested'
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """An event of money in its service's log, with what it books, and the payment that it is of, where it is of one."""

    service: str
    entry: Entry
    payment_id: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened by the services' clock: its day in the journal."""
        return datetime.fromisoformat(self.entry.metadata["at"])

    @property
    def postings(self) -> Sequence[Posting]:
        return list(postings(self.entry))


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant to before another; without one it is open on that side."""

    begin: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of_days(cls, first: date, last: date) -> Span:
        """Whole days of UTC, the last one too."""
        midnight = time(tzinfo=UTC)
        return cls(datetime.combine(first, midnight), datetime.combine(last, midnight) + timedelta(days=1))

    def __contains__(self, at: datetime) -> bool:
        return (self.begin is None or self.begin <= at) and (self.end is None or at < self.end)

    def wider(self, by: timedelta) -> Span:
        """So much longer on each side."""
        return Span(self.begin and self.begin - by, self.end and self.end + by)


EVER = Span()


async def journal(dsns: Mapping[str, str], span: Span = EVER) -> AsyncIterator[Booked]:
    """Every event of money of the span, up to where the logs end now."""
    async with contextlib.AsyncExitStack() as stack:
        logs = []
        for service, dsn in dsns.items():
            connection = await stack.enter_async_context(connected(dsn))
            logs.append(_of_log(service, connection, await connection.fetchval(_HEAD), span))
        async for booked in _merged(logs):
            yield booked


async def _of_log(service: str, connection: Connection, head: int, span: Span) -> AsyncIterator[Booked]:
    for after in range(0, head, PAGE):
        upto = min(after + PAGE, head)
        entries = [entry(dict(row)) for row in await connection.fetch(_PAGE, after, upto, list(POSTINGS), *_ends(span))]
        payments = await _payments(connection, entries)
        for each in entries:
            yield Booked(service, each, each.data.get("payment_id") or payments.get(part_of(each)))


def _ends(span: Span) -> tuple[datetime | None, datetime | None]:
    return span.begin, span.end


def part_of(entry: Entry) -> str | None:
    """The part of a refund that it is about, by the id that the provider knows it by."""
    part: Mapping[str, str] = entry.data.get("part") or {}
    return part.get("part_id") or entry.data.get("refund_id")


async def _payments(connection: Connection, entries: Sequence[Entry]) -> Mapping[str | None, str]:
    """By part of a refund: the payment that it is of, as its request says."""
    streams = {each.stream for each in entries if each.data.get("refund_id") and not each.data.get("payment_id")}
    rows = await connection.fetch(_ASKED, [*streams]) if streams else []
    asked = [orjson.loads(row["data"]) for row in rows]
    whole = [{"part_id": each["refund_id"], "payment_id": each["payment_id"]} for each in asked]
    parts = [part for each in asked for part in each.get("parts") or ()]
    return {part["part_id"]: part["payment_id"] for part in (*whole, *parts)}


async def _merged(logs: Sequence[AsyncIterator[Booked]]) -> AsyncIterator[Booked]:
    """The earliest of the logs' next ones, again and again; within a log its own order stands."""
    heads = [(first, log) for log in logs if (first := await anext(log, None))]
    while heads:
        n = min(range(len(heads)), key=lambda n: heads[n][0].at)
        booked, log = heads[n]
        yield booked
        if following := await anext(log, None):
            heads[n] = following, log
        else:
            del heads[n]
