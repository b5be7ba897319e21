"""Evidence bytes: the copy in which a content is kept, and the copies that nobody wants any more
(docs/adr/0032-evidence-bytes-that-nobody-wants.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from shared.storage.port import NotStored, ObjectStorage

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

GRACE = timedelta(hours=1)
"""Within which an upload, once its copy has a row, is recorded or dead."""
BATCH = 100

KEEP = """
insert into evidence_bytes (name, sha256, look_at)
    values ($1::text || '.' || gen_random_uuid(), $1::text, clock_timestamp() + $2::interval)
on conflict (sha256) where unwanted_at is null do update set look_at = excluded.look_at
returning name
"""
# Waits for a sweep that is deciding on the copy.
STANDS = "select name from evidence_bytes where name = $1 and unwanted_at is null for share"
COPY = "select name from evidence_bytes where sha256 = $1 and unwanted_at is null"
DUE = """
select name from evidence_bytes where look_at <= clock_timestamp() and unwanted_at is null
order by look_at limit $1 for update skip locked
"""
# Of the log, in which an item stands that a read model may not know. The index events_evidence is over first events.
JUDGE = """
update evidence_bytes copy set look_at = null, unwanted_at = case when exists (
    select from events item
    where item.version = 1 and item.stream like 'evidence-%' and item.data -> 'item' ->> 'sha256' = copy.sha256
    and not exists (
        select from events ended where ended.stream = item.stream
        and split_part(ended.type, '.', 2) in ('EvidenceRemoved', 'EvidenceExpired')
    )
) then null else clock_timestamp() end
where copy.name = any($1::text[])
"""
UNWANTED = "select name from evidence_bytes where unwanted_at is not null order by unwanted_at limit $1"
FORGET = "delete from evidence_bytes where name = any($1::text[]) and unwanted_at is not null"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EvidenceBytes:
    """The contents of evidence, each kept once whatever number of items has it."""

    pool: Pool
    objects: ObjectStorage

    async def keep(self, sha256: str, content: IO[bytes]) -> str:
        """Stores the content, unless it is there; the name of its copy. What names it is to be recorded within the
        hour, and to be confirmed.
        """
        name: str = await self.pool.fetchval(KEEP, sha256, GRACE)
        await self.objects.put(name, content)
        return name

    async def confirm(self, sha256: str, name: str, content: IO[bytes]) -> None:
        """What names the content is recorded: it is stored anew where a sweep has taken the copy away meanwhile."""
        if await self.pool.fetchval(STANDS, name) is None:
            await self.keep(sha256, content)
            await self.objects.delete(name)  # it may have been put after it was swept

    async def copy(self, sha256: str) -> str:
        """The name under which the content lies; NotStored where it is not kept."""
        name: str | None = await self.pool.fetchval(COPY, sha256)
        if name is None:
            raise NotStored
        return name

    async def sweep(self) -> bool:
        """One batch: looks at the copies that are due, and deletes those that nobody wants. Whether more may wait."""
        looked_at = await self._judge()
        unwanted = [row["name"] for row in await self.pool.fetch(UNWANTED, BATCH)]
        for name in unwanted:
            await self.objects.delete(name)
        await self.pool.execute(FORGET, unwanted)
        if unwanted:
            log.info("evidence bytes: looked at %d copies, deleted %d", looked_at, len(unwanted))
        return BATCH in (looked_at, len(unwanted))

    async def _judge(self) -> int:
        """How many copies were found wanted or unwanted."""
        async with self.pool.acquire() as connection, connection.transaction():
            due = [row["name"] for row in await connection.fetch(DUE, BATCH)]
            # A statement of its own: it sees what was appended before the copies were locked.
            await connection.execute(JUDGE, due)
        return len(due)
