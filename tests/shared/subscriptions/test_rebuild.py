"""Rebuild in bulk, on real PostgreSQL: the rows and the checkpoints are those of who followed the log all along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from refund.read_models import refunds
from shared.events import codec
from shared.events.fingerprint import fingerprint_of
from shared.events.logs import PARTITIONS
from shared.events.slot import slot_of
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.subscriptions import rebuild
from shared.subscriptions.projection import ReadModel
from tests.laws.test_read_models import OF_DISPUTES, Log, emptied, life_of, one_by_one, payments_of, rows_of

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

Migrated = Callable[[str], Awaitable[str]]
INSERT = """
insert into events (position, stream, version, key, type, data, metadata, recorded_at)
values ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, now())
"""


async def recorded_in(connection: Connection, log: Log) -> None:
    """The log in its table."""
    for recorded in log:
        stored, metadata = codec.stored(recorded), recorded.metadata.to_json().decode()
        values = stored.position, stored.stream, stored.version, stored.key, stored.type, stored.data.decode()
        await connection.execute(INSERT, *values, metadata)


async def made_anew(connection: Connection, other: Connection, models: Sequence[ReadModel]) -> None:
    await emptied(connection, models)
    for model in models:
        async with connection.transaction():
            await rebuild.rebuild(other, connection, model, PARTITIONS)


@pytest.mark.parametrize("held", [7, rebuild.HELD])
async def test_the_rows_are_those_that_the_events_make_one_by_one(
    migrated: Migrated, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """In one pass, and in many of a few keys each."""
    monkeypatch.setattr(rebuild, "HELD", held)
    monkeypatch.setattr(rebuild, "PAGE", 11)
    for service, models, log in (("dispute", OF_DISPUTES, life_of(1)), ("refund", [refunds], payments_of(2))):
        async with open_pool(await migrated(service)) as pool, pool.acquire() as mine, pool.acquire() as other:
            await recorded_in(mine, log)
            expected = await one_by_one(mine, models, log)
            await made_anew(mine, other, models)
            assert await rows_of(mine, models) == expected


async def test_each_partition_goes_on_behind_the_last_event_of_it_that_the_log_holds(
    migrated: Migrated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "PAGE", 11)
    dsn = await migrated("refund")
    async with open_pool(dsn) as pool, pool.acquire() as mine, pool.acquire() as other, open_store(dsn) as store:
        await recorded_in(mine, payments_of(2))
        reached = await rebuild.rebuild(other, mine, refunds, PARTITIONS)
        stored = await store.read_all(0, 1000)
    last = {slot_of(row.key) % PARTITIONS: row for row in stored}
    assert {p: (mark.position, mark.event) for p, mark in reached.items()} == {
        p: (last[p].position, fingerprint_of(last[p])) if p in last else (0, "") for p in range(PARTITIONS)
    }
