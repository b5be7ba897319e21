"""Bytes of evidence that nobody wants: taken away, whatever died, and never those of an item that stands (S37)."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from obstore.store import MemoryStore

from dispute.domain.decider import decider
from dispute.domain.evidence.upload import RemoveUpload
from dispute.evidence_bytes import BATCH, EvidenceBytes
from dispute.read_models import evidence
from shared.events import codec
from shared.events.base import Command
from shared.events.envelope import Cause
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from shared.storage.objects import StoredObjects, open_objects
from shared.storage.port import StorageUnavailable
from tests.support.builders.evidence import file, upload
from tests.support.builders.orders import BUYER, facts, on, register
from tests.support.pictures import picture
from tests.support.servers.backing import Databases
from tests.support.servers.evidence import evidence_service
from tests.support.servers.stack import eventually

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NOON = on("Mar 12")
LATER = "update evidence_bytes set look_at = look_at - interval '1 hour', unwanted_at = unwanted_at - interval '1 hour'"
MANY = f"""
insert into evidence_bytes (name, sha256, look_at)
select 'many.' || n, 'many ' || n, clock_timestamp() from generate_series(1, {BATCH + 5}) n
"""

WAITING = "select from pg_locks where not granted"

Migrated = Callable[[str], Awaitable[str]]
Content = bytes


class Late:
    """A storage that gives no answer to a deletion, and carries it out when it likes."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.late = False
        self._kept = StoredObjects(self.store)
        self._pending: list[str] = []
        self.put, self.size, self.read = self._kept.put, self._kept.size, self._kept.read

    async def delete(self, name: str) -> None:
        if self.late:
            self._pending.append(name)
            raise StorageUnavailable("no answer")
        await self._kept.delete(name)

    async def carry_out(self) -> None:
        """What was sent long ago is done now."""
        for name in self._pending:
            await self._kept.delete(name)

    @property
    def names(self) -> set[str]:
        """Everything that is stored."""
        return {found["path"].rpartition("/")[2] for page in self.store.list() for found in page}


@dataclass
class Evidence:
    """What the service does with files, step by step."""

    pool: Pool
    store: PostgresEventStore
    objects: Late = field(default_factory=Late)
    projected: int = 0
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def bytes(self) -> EvidenceBytes:
        return EvidenceBytes(self.pool, self.objects)

    async def begun(self, content: Content) -> str:
        """An upload up to its append."""
        return await self.bytes.keep(sha256(content), io.BytesIO(content))

    async def ended(self, content: Content, copy: str) -> str:
        """The rest of it; the item's id."""
        command = upload(NOON, n=next(self.numbers), file=file(size=len(content), sha256=sha256(content)))
        await self._decide(command)
        await self.bytes.confirm(sha256(content), copy, io.BytesIO(content))
        return command.evidence_id

    async def sent(self, content: Content) -> str:
        item = await self.ended(content, await self.begun(content))
        await self.project()
        return item

    async def removed(self, item: str) -> None:
        named = {"command_id": derived_uuid("remove", item), "actor": BUYER, "at": NOON}
        await self._decide(RemoveUpload(evidence_id=item, order_id="o1", **named))
        await self.project()

    async def project(self) -> None:
        """The read model comes to the head of the log, and copies are due of what has ended."""
        async with self.pool.acquire() as connection, connection.transaction():
            for stored in await self.store.read_all(self.projected, 1000):
                await evidence.project(connection, codec.recorded(stored))
                self.projected = stored.position

    async def something_waits(self) -> bool:
        return bool(await self.pool.fetch(WAITING))

    async def an_hour_later(self) -> None:
        await self.pool.execute(LATER)

    async def swept(self) -> None:
        while await self.bytes.sweep():
            pass

    async def read(self, content: Content) -> Content:
        """What a download gives of an item with this content."""
        copy = await self.bytes.copy(sha256(content))
        return b"".join([piece async for piece in self.objects.read(copy, 0, 1 << 20)])

    async def _decide(self, command: Command) -> None:
        await handle(self.store, decider, command, Cause.of(command))


def sha256(content: Content) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
async def kept(migrated: Migrated) -> AsyncIterator[Evidence]:
    """The service's database with one order, and an empty storage."""
    dsn = await migrated("dispute")
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:
        command = register(facts=facts(shipped="Mar 1", delivered="Mar 9"))
        await handle(store, decider, command, Cause.of(command))
        yield Evidence(pool, store)


async def test_bytes_that_no_event_names_go_after_an_hour(kept: Evidence) -> None:
    copy = await kept.begun(b"a picture")
    await kept.swept()
    assert kept.objects.names == {copy}
    await kept.an_hour_later()
    await kept.swept()
    assert kept.objects.names == set()


async def test_s37_bytes_of_what_was_removed_go_and_its_history_stays(kept: Evidence) -> None:
    item = await kept.sent(b"a picture")
    await kept.an_hour_later()
    await kept.swept()
    assert await kept.read(b"a picture") == b"a picture"
    await kept.removed(item)
    await kept.swept()
    assert kept.objects.names == set()
    (history,) = await kept.store.load(f"evidence-{item}")
    assert [type(recorded.event).__name__ for recorded in history] == ["EvidenceUploaded", "EvidenceRemoved"]


async def test_bytes_that_another_item_stands_on_stay_until_it_goes_too(kept: Evidence) -> None:
    items = [await kept.sent(b"a picture") for _ in range(2)]
    for item, left in zip(items, (1, 0), strict=True):
        await kept.removed(item)
        await kept.an_hour_later()
        await kept.swept()
        assert len(kept.objects.names) == left


async def test_an_upload_of_the_same_content_that_has_begun_keeps_its_bytes(kept: Evidence) -> None:
    """Its copy was due, and is not any more."""
    item = await kept.sent(b"a picture")
    await kept.an_hour_later()
    copy = await kept.begun(b"a picture")
    await kept.removed(item)
    await kept.swept()
    await kept.ended(b"a picture", copy)
    assert (await kept.read(b"a picture"), kept.objects.names) == (b"a picture", {copy})


async def test_an_upload_that_waits_for_a_sweep_makes_a_copy_of_its_own(kept: Evidence) -> None:
    """The sweep has decided on the copy, and its transaction is not at its end."""
    await kept.begun(b"a picture")
    async with kept.pool.acquire() as connection:
        deciding = connection.transaction()
        await deciding.start()
        await connection.execute("select from evidence_bytes for update")
        upload_of_it = asyncio.create_task(kept.begun(b"a picture"))
        await eventually(kept.something_waits)
        await connection.execute("update evidence_bytes set look_at = null, unwanted_at = clock_timestamp()")
        await deciding.commit()
    await kept.ended(b"a picture", await upload_of_it)
    await kept.an_hour_later()
    await kept.swept()
    assert (await kept.read(b"a picture"), kept.objects.names) == (b"a picture", {await upload_of_it})


async def test_what_is_removed_while_a_sweep_decides_is_looked_at_again(kept: Evidence) -> None:
    """The sweep has seen it stand, and its transaction is not at its end."""
    item = await kept.sent(b"a picture")
    async with kept.pool.acquire() as connection:
        deciding = connection.transaction()
        await deciding.start()
        await connection.execute("update evidence_bytes set look_at = null")
        removal = asyncio.create_task(kept.removed(item))
        await eventually(kept.something_waits)
        await deciding.commit()
    await removal
    await kept.swept()
    assert kept.objects.names == set()


async def test_a_deletion_that_is_carried_out_late_takes_no_bytes_that_came_after_it(kept: Evidence) -> None:
    await kept.begun(b"a picture")
    await kept.an_hour_later()
    kept.objects.late = True
    with pytest.raises(StorageUnavailable):
        await kept.bytes.sweep()
    await kept.sent(b"a picture")
    await kept.objects.carry_out()
    assert await kept.read(b"a picture") == b"a picture"
    kept.objects.late = False
    await kept.swept()
    assert await kept.read(b"a picture") == b"a picture"
    assert len(kept.objects.names) == 1


async def test_an_upload_that_stood_still_for_more_than_its_hour_puts_its_bytes_again(kept: Evidence) -> None:
    copy = await kept.begun(b"a picture")
    await kept.an_hour_later()
    await kept.swept()
    assert kept.objects.names == set()
    await kept.ended(b"a picture", copy)
    await kept.an_hour_later()
    await kept.swept()
    assert (await kept.read(b"a picture"), len(kept.objects.names)) == (b"a picture", 1)


async def test_a_put_that_comes_after_its_sweep_leaves_nothing(kept: Evidence) -> None:
    copy = await kept.begun(b"a picture")
    await kept.an_hour_later()
    await kept.swept()
    await kept.objects.put(copy, io.BytesIO(b"a picture"))
    await kept.ended(b"a picture", copy)
    assert copy not in kept.objects.names
    assert await kept.read(b"a picture") == b"a picture"


async def test_an_item_that_no_read_model_knows_keeps_its_bytes(kept: Evidence) -> None:
    """The projection is behind, or its event was parked and dropped."""
    await kept.ended(b"a picture", await kept.begun(b"a picture"))
    await kept.an_hour_later()
    await kept.swept()
    assert await kept.pool.fetchval("select count(*) from evidence") == 0
    assert await kept.read(b"a picture") == b"a picture"


async def test_uploads_removals_and_sweeps_at_once_lose_nothing_that_stands(kept: Evidence) -> None:
    """Every copy is due at once, so each sweep looks at what the uploads have just taken."""

    async def life(n: int) -> None:
        copy = await kept.begun(b"a picture")
        await kept.an_hour_later()
        await asyncio.gather(kept.bytes.sweep(), kept.ended(b"a picture", copy))
        if n % 3:
            await kept.an_hour_later()

    for n in range(12):
        await asyncio.gather(*(life(n) for _ in range(3)), kept.bytes.sweep())
        assert await kept.read(b"a picture") == b"a picture"
    await kept.an_hour_later()
    await kept.swept()
    assert (await kept.read(b"a picture"), len(kept.objects.names)) == (b"a picture", 1)


async def test_a_sweep_takes_a_bounded_batch_and_says_that_more_waits(kept: Evidence) -> None:
    await kept.pool.execute(MANY)
    assert [await kept.bytes.sweep() for _ in range(2)] == [True, False]
    assert await kept.pool.fetchval("select count(*) from evidence_bytes") == 0


async def test_what_a_killed_process_has_put_is_swept_and_can_be_sent_again(
    databases: Databases, tmp_path: Path
) -> None:
    """Killed with the bytes kept and nothing recorded; an hour later nothing of it is left, and the item that then
    comes is shown, taken back, and swept as well.
    """
    dsn = await databases.migrated("dispute")
    async with evidence_service(dsn, tmp_path) as service, open_pool(dsn) as pool:
        swept = Evidence(pool, service.store)
        here = EvidenceBytes(pool, open_objects((tmp_path / "objects").as_uri()))
        await service.decide(register(facts=facts(shipped="Mar 1", delivered="Mar 9")))
        await service.start("append.before_commit:1")
        with pytest.raises(aiohttp.ClientError):
            await service.upload("/v1/orders/o1/evidence", BUYER, picture("PNG"), key="once")
        await service.stop()
        assert (await here.sweep(), len(service.objects)) == (False, 1)
        await swept.an_hour_later()
        assert (await here.sweep(), len(service.objects)) == (False, 0)
        await service.start()
        came = await service.upload("/v1/orders/o1/evidence", BUYER, picture("PNG"), key="once")
        shown = await service.ask("GET", came.body["href"], BUYER)
        assert (came.status, shown.status, len(service.objects)) == (201, 200, 1)
        await service.ask("DELETE", came.body["href"], BUYER)
        await swept.project()
        await swept.an_hour_later()
        assert (await here.sweep(), len(service.objects)) == (False, 0)
        told = await service.ask("GET", came.body["href"], BUYER, headers={"Accept": "application/json"})
        assert told.body["state"] == "removed"
    await databases.drop(dsn)
