"""What waits for a person: parked streams and quarantined records, shown, read again and let go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from shared.subscriptions.checkpoints import read_again

if TYPE_CHECKING:
    from ops.databases import Connection

LIST = """
select subscription, 'stream' as kind, stream as name, parked_at as since, error as reason,
    (select count(*) from parked_events e where (e.subscription, e.stream) = (p.subscription, p.stream)) as records
from parked p
union all
select subscription, 'record', topic || '/' || partition || '/' || record_offset, quarantined_at, reason, 1
from quarantine
order by since, name
"""
STREAM = """
select position, next_offset - 1 as record_offset, headers::text as headers, value, length(value) as size
from parked_events where subscription = $1 and stream = $2 order by position, next_offset
"""
RECORD = """
select null::bigint as position, record_offset, headers::text as headers, value, size from quarantine
where subscription = $1 and topic || '/' || partition || '/' || record_offset = $2
"""
DROP_STREAM = "delete from parked where subscription = $1 and stream = $2"
DROP_RECORD = (
    "delete from quarantine where subscription = $1 and topic || '/' || partition || '/' || record_offset = $2"
)
OFFSET = "select next_offset from checkpoints where subscription = $1 and topic = $2 and partition = $3"
POLL = 0.2


@dataclass(frozen=True, slots=True)
class Waiting:
    """One parked stream, or one record in quarantine."""

    subscription: str
    kind: Literal["stream", "record"]
    name: str
    since: datetime
    reason: str
    records: int

    @property
    def place(self) -> tuple[str, int, int]:
        """A record's topic, partition and offset."""
        topic, partition, offset = self.name.rsplit("/", 2)
        return topic, int(partition), int(offset)


async def waiting(connection: Connection, names: Iterable[str] = ()) -> list[Waiting]:
    """What waits for a person, the oldest first; of these names where some are given."""
    wanted = set(names)
    found = [Waiting(**row) for row in await connection.fetch(LIST)]
    return [each for each in found if not wanted or each.name in wanted]


async def contents(connection: Connection, each: Waiting) -> list[Mapping[str, Any]]:
    """Its records, as far as they were kept."""
    query = STREAM if each.kind == "stream" else RECORD
    return [dict(row) for row in await connection.fetch(query, each.subscription, each.name)]


async def drop(connection: Connection, each: Waiting) -> None:
    """Lets it go: it is never handled, and what follows in its stream is."""
    await connection.execute(DROP_STREAM if each.kind == "stream" else DROP_RECORD, each.subscription, each.name)


async def read_records_again(connection: Connection, records: Sequence[Waiting]) -> Mapping[tuple[str, str, int], int]:
    """Takes them out, and moves the checkpoints back to the first of each partition; by subscription, topic and
    partition, where the reader stood before.
    """
    firsts: dict[tuple[str, str, int], int] = {}
    for each in records:
        topic, partition, offset = each.place
        key = each.subscription, topic, partition
        firsts[key] = min(offset, firsts.get(key, offset))
        await drop(connection, each)
    stood = {}
    for key, offset in sorted(firsts.items()):
        stood[key] = int(await connection.fetchval(OFFSET, *key) or 0)
        await read_again(connection, *key, offset)
    return stood


async def read_to(connection: Connection, stood: Mapping[tuple[str, str, int], int], limit: float) -> bool:
    """Whether the worker has read all of it again within the limit."""
    try:
        async with asyncio.timeout(limit):
            for key, offset in stood.items():
                while int(await connection.fetchval(OFFSET, *key) or 0) < offset:
                    await asyncio.sleep(POLL)
    except TimeoutError:
        return False
    return True
