"""The table of deadlines made anew from the log: what a restore or a defect took away, and kinds that are new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.deadlines.from_log import DeadlinesOfLog, Due, Place
from shared.eventstore.lease import LOG_LOCK

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

AT_ONCE = 1000
"""Changes in one transaction: no append goes through meanwhile, and in between they do."""

# The append function's own lock: with it held, a stream's version is what it was when the statement began.
LOCK = f"select pg_advisory_xact_lock({LOG_LOCK})"
AS_FOLDED = "w.version = (select coalesce(max(e.version), 0) from events e where e.stream = w.stream)"
REMOVE = f"""
delete from deadlines d using unnest($1::text[], $2::text[], $3::int[]) as w (stream, kind, version)
where d.stream = w.stream and d.kind = w.kind and {AS_FOLDED}
"""  # noqa: S608
SET = f"""
insert into deadlines (stream, kind, due_at, key)
select w.stream, w.kind, w.due_at, w.key
from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::text[]) as w (stream, kind, version, due_at, key)
where {AS_FOLDED}
on conflict (stream, kind) do update set due_at = excluded.due_at, key = excluded.key
"""  # noqa: S608
PLACE = ("stream", "kind", "version")


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is not as the log says; `version` is the stream's when it was folded."""

    stream: str
    kind: str
    version: int
    before: Due | None
    after: Due | None

    @property
    def what(self) -> str:
        """Whether it is added, removed, moved, or stands at its instant under another stream's key."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "rekeyed" if self.before.due_at == self.after.due_at else "moved"


def changes(log: DeadlinesOfLog, rows: Mapping[Place, Due]) -> Iterator[Change]:
    """What must change for the rows to be as the log says.

    A stream with an event that we cannot read, and a kind that only a newer version knows, stay as they are.
    """
    called = log.called()
    for stream, kind in sorted(called.keys() | rows.keys()):
        wish, before = called.get((stream, kind)), rows.get((stream, kind))
        after = wish.due if wish and wish.wanted else None
        if before != after and log.knows(stream, kind):
            yield Change(stream, kind, log.version(stream), before, after)


async def apply(connection: Connection, wanted: Sequence[Change]) -> int:
    """Makes the changes, but for streams that have moved on since; how many were made."""
    parts = [wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE)]
    return sum([await _apply(connection, part) for part in parts])


async def _apply(connection: Connection, part: Sequence[Change]) -> int:
    removed = [change for change in part if change.after is None]
    there = [change for change in part if change.after is not None]
    due = [change.after for change in part if change.after is not None]
    async with connection.transaction():
        await connection.execute(LOCK)
        statuses = [
            await connection.execute(REMOVE, *_columns(removed, *PLACE)),
            await connection.execute(SET, *_columns(there, *PLACE), *_columns(due, "due_at", "key")),
        ]
    return sum(int(status.rpartition(" ")[2]) for status in statuses)


def _columns(part: Sequence[Change | Due], *names: str) -> Iterator[list[object]]:
    return ([getattr(each, name) for each in part] for name in names)
