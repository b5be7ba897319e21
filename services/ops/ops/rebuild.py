"""Rebuild of a read model from the log: its tables are emptied and made anew in one transaction, without Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from ops.commands.options import Failed
from ops.interventions import keep
from ops.leases import lease
from shared.events import codec
from shared.events.errors import NewerVersion
from shared.events.fingerprint import fingerprint_of
from shared.events.logs import LOGS
from shared.events.slot import slot_of
from shared.eventstore.connections import open_pool
from shared.eventstore.log_identity import identify
from shared.eventstore.store import EventStore, open_store
from shared.subscriptions import checkpoints
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.projection import ReadModel
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.events.envelope import Stored
    from shared.eventstore.connections import Connection

PAGE = 500
NOTHING_PARKED = "delete from parked where subscription = $1"


async def rebuild(dsn: str, service: str, model: ReadModel, reason: str) -> Mapping[str, Any]:
    """Makes the read model what the log says now; Failed where its subscription works, or an event cannot be read."""
    async with (
        lease(dsn, f"subscription {model.NAME}", service),
        open_store(dsn) as store,
        open_pool(dsn, 1) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        await connection.execute("set local statement_timeout = 0")
        identity = await identify(connection)
        await _empty(connection, model)
        reached = await _project(store, connection, model, identity.partitions)
        await checkpoints.restart(connection, model.NAME, LOGS[service].topic, identity, reached)
        done = {"read_model": model.NAME, "up_to_position": max(mark.position for mark in reached.values())}
        await keep(connection, "projections rebuild", reason, done)
    return done


async def _empty(connection: Connection, model: ReadModel) -> None:
    for table in model.TABLES:
        await connection.execute(compiled(delete(table)).text, timeout=None)
    await connection.execute(NOTHING_PARKED, model.NAME)


async def _project(
    store: EventStore, connection: Connection, model: ReadModel, partitions: int
) -> Mapping[int, Checkpoint]:
    """Handles the whole log; the last event of each partition."""
    reached = {partition: Checkpoint(partition) for partition in range(partitions)}
    position = 0
    while rows := await store.read_all(position, PAGE):
        for row in rows:
            await _one(connection, model, row)
            partition = slot_of(row.key) % partitions
            reached[partition] = Checkpoint(partition, position=row.position, event=fingerprint_of(row))
        position = rows[-1].position
    return reached


async def _one(connection: Connection, model: ReadModel, row: Stored) -> None:
    try:
        await model.project(connection, codec.recorded(row))
    except (NewerVersion, KeyError, ValueError) as error:
        raise Failed(
            f"{row.id} at position {row.position} cannot be handled ({type(error).__name__}: {error}): nothing was "
            f"changed; a version that reads it rebuilds {model.NAME}"
        ) from error
