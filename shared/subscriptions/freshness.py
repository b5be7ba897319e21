"""Freshness: whether a read model includes a position of the log, and waiting until it does.

**When does a read model include log position P?** The relay saves, in the statement that moves its checkpoint, the last
position that each
partition was given (its rows with partition >= 0). So once the relay's checkpoint is at P or beyond, every event up to
P stands in the topic, and the
newest of them in partition p is at or below the relay's row for p. A projection handles a partition in order, so it
includes P when its own
position of every partition has reached P, or else the last position that the partition was given. Partitions that saw
no event have no
relay row and are not waited for. Positions are compared, not offsets: a batch sent twice or a topic sent afresh changes
nothing.
Where the projection stands between two events around P the answer may be a late yes, never a wrong one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

PROJECTED = """
select relay.position >= $2 and not exists (
    select from checkpoints given
    left join checkpoints p on p.subscription = $1 and p.topic = given.topic and p.partition = given.partition
        and p.log_id = given.log_id
    where given.subscription = 'relay' and given.topic = relay.topic and given.partition >= 0
    and coalesce(p.position, 0) < least(given.position, $2))
from checkpoints relay where relay.subscription = 'relay' and relay.partition = -1
"""
HEAD = "select coalesce(max(position), 0) from events"


class ProjectionBehind(Exception):
    """The read model has not reached the position within the limit."""


async def projected(connection: Connection | Pool, subscription: str, position: int) -> bool:
    """Whether the read model that `subscription` keeps includes the log up to `position` (parked streams apart)."""
    return position <= 0 or bool(await connection.fetchval(PROJECTED, subscription, position))


async def wait_for_head(connection: Connection | Pool, subscription: str, limit: float = 2.0) -> None:
    """Returns when the read model includes all that the log holds now; ProjectionBehind after `limit` seconds."""
    await wait_for_position(connection, subscription, await connection.fetchval(HEAD), limit)


async def wait_for_position(
    connection: Connection | Pool, subscription: str, position: int, limit: float = 2.0
) -> None:
    """Returns when the read model includes `position`; ProjectionBehind after `limit` seconds, and at once where the
    log has no such position.
    """
    if await projected(connection, subscription, position):
        return
    if position > await connection.fetchval(HEAD):
        raise ProjectionBehind(f"the log has no position {position}")
    pause = 0.002
    try:
        async with asyncio.timeout(limit):
            while not await projected(connection, subscription, position):
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.02)
    except TimeoutError:
        raise ProjectionBehind(f"{subscription} has not reached position {position} within {limit:g} s") from None
