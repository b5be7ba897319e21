"""Rebuild of a read model from the log: its tables are emptied and made anew in one transaction, without Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from ops.commands.options import Failed
from ops.interventions import keep
from ops.leases import lease
from shared.events.logs import LOGS
from shared.eventstore.connections import open_pool
from shared.eventstore.log_identity import identify
from shared.subscriptions import checkpoints
from shared.subscriptions.projection import ReadModel
from shared.subscriptions.rebuild import Unreadable
from shared.subscriptions.rebuild import rebuild as fill
from shared.subscriptions.rows import NO_LIMIT
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

NOTHING_PARKED = "delete from parked where subscription = $1"
NO_LIMITS = "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0"
"""The connections are this command's own: nobody waits for them."""


async def rebuild(dsn: str, service: str, model: ReadModel, reason: str) -> Mapping[str, Any]:
    """Makes the read model what the log says now; Failed where its subscription works, or an event cannot be read."""
    async with (
        lease(dsn, f"subscription {model.NAME}", service),
        open_pool(dsn, 2) as pool,
        pool.acquire() as log,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        await log.execute(NO_LIMITS)
        await connection.execute(NO_LIMITS)
        identity = await identify(connection)
        await _empty(connection, model)
        try:
            reached = await fill(log, connection, model, identity.partitions)
        except Unreadable as error:
            where, why = error.args
            raise Failed(
                f"{where} cannot be handled ({why}): nothing was changed; a version that reads it rebuilds {model.NAME}"
            ) from error
        await checkpoints.restart(connection, model.NAME, LOGS[service].topic, identity, reached)
        done = {"read_model": model.NAME, "up_to_position": max(mark.position for mark in reached.values())}
        await keep(connection, "projections rebuild", reason, done)
    return done


async def _empty(connection: Connection, model: ReadModel) -> None:
    for table in model.TABLES:
        await connection.execute(compiled(delete(table)).text, timeout=NO_LIMIT)
    await connection.execute(NOTHING_PARKED, model.NAME)
