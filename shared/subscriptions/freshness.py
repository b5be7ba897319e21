"""Freshness: whether a read model includes a position of the log, and waiting until it does.

**When does a read model include log position P?** The relay saves, in the statement that moves its checkpoint, the last
position that each partition was given (its rows with partition >= 0). So once the relay's checkpoint is at P or beyond,
every event up to P stands in the topic, and the newest of them in partition p is at or below the relay's row for p. A
projection handles a partition in order, so it includes P when its own position of every partition has reached P, or
else the last position that the partition was given. Partitions that saw no event have no relay row and are not waited
for. Positions are compared, not offsets: a batch sent twice or a topic sent afresh changes nothing. Where the
projection stands between two events around P the answer may be a late yes, never a wrong one.

A client waits for what one command did, which has one slot: so its partition alone is waited for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.events.slot import SlotPosition

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

PROJECTED = """
select relay.position >= $2 and not exists (
    select from checkpoints given
    left join checkpoints p on p.subscription = $1 and p.topic = given.topic and p.partition = given.partition
        and p.log_id = given.log_id
    where given.subscription = 'relay' and given.topic = relay.topic and given.partition >= 0
    and ($3::int is null or given.partition = $3 % (select partitions from log))
    and coalesce(p.position, 0) < least(given.position, $2))
from checkpoints relay where relay.subscription = 'relay' and relay.partition = -1
"""
HEAD = "select coalesce(max(position), 0) from events"


class ProjectionBehind(Exception):
    """The read model has not reached the position within the limit."""


async def projected(connection: Connection | Pool, subscription: str, position: int, slot: int | None = None) -> bool:
    """Whether the read model that `subscription` keeps includes the log up to `position`, or what of it is in the
    partition of `slot` (parked streams apart).
    """
    return position <= 0 or bool(await connection.fetchval(PROJECTED, subscription, position, slot))


async def wait_for_head(
    connection: Connection | Pool, subscription: str, slot: int | None = None, limit: float = 2.0
) -> None:
    """Returns when the read model includes all that the log holds now, or what of it is in the partition of `slot`;
    ProjectionBehind after `limit` seconds.
    """
    await _until_projected(connection, subscription, await connection.fetchval(HEAD), slot, limit)


async def wait_for_position(
    connection: Connection | Pool, subscription: str, at_least: str | None, limit: float = 2.0
) -> None:
    """Returns when the read model includes the effect of a command; `at_least` is its answer's Makewhole-Position.

    ProjectionBehind after `limit` seconds, and at once where the log has no such position.
    """
    if at_least is None:
        return
    wanted = SlotPosition.parse(at_least)
    if await projected(connection, subscription, wanted.position, wanted.slot):
        return
    if wanted.position > await connection.fetchval(HEAD):
        raise ProjectionBehind(f"the log has no position {at_least}")
    await _until_projected(connection, subscription, wanted.position, wanted.slot, limit)


async def _until_projected(
    connection: Connection | Pool, subscription: str, position: int, slot: int | None, limit: float
) -> None:
    pause = 0.002
    try:
        async with asyncio.timeout(limit):
            while not await projected(connection, subscription, position, slot):
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.02)
    except TimeoutError:
        raise ProjectionBehind(f"{subscription} has not reached position {position} within {limit:g} s") from None
