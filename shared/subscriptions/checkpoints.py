"""Checkpoints: how far each subscription and relay has come, row by row of the table `checkpoints`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.resilience.retry import Transient

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

RELAY = "relay"
WHOLE_LOG = -1

CLAIM = """
insert into checkpoints as c (subscription, topic, partition) select $1, $2, p from unnest($3::int[]) p order by p
on conflict (subscription, topic, partition) do update set epoch = c.epoch + 1
returning partition, log_id, position, next_offset, epoch, lineage
"""
# Nobody waits for the commit to reach the disk: what a power cut takes back, rows and checkpoint together, the topic
# delivers again.
HOLD = """
select partition, epoch, set_config('synchronous_commit', 'off', true) from checkpoints
where subscription = $1 and topic = $2 and partition = any($3::int[]) order by partition for update
"""
SAVE = """
update checkpoints c
set log_id = new.log_id, position = new.position, next_offset = new.next_offset, lineage = new.lineage
from unnest($3::int[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
    as new (partition, log_id, position, next_offset, epoch, lineage)
where c.subscription = $1 and c.topic = $2 and c.partition = new.partition and c.epoch = new.epoch
"""
# In the order of `hold`, so that the two wait for each other and never crosswise.
RESTART = """
with held as materialized (select topic, partition from checkpoints where subscription = $1
    order by topic, partition for update)
update checkpoints c
set position = $2, next_offset = 0, epoch = epoch + 1, log_id = log.log_id, lineage = log.lineage
from held, log where c.subscription = $1 and c.topic = held.topic and c.partition = held.partition
"""
FORGET = "delete from checkpoints where subscription = $1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a follower got in one partition: everything up to `position` of log `log_id`, and the offset to read
    next.
    """

    partition: int
    log_id: UUID | None = None
    position: int = 0
    next_offset: int = 0
    epoch: int = 0
    lineage: str = ""


class Superseded(Transient):
    """Another process took over: its epoch is on the checkpoint, and ours counts no more."""


async def claim(
    connection: Connection | Pool, subscription: str, topic: str, partitions: Iterable[int]
) -> dict[int, Checkpoint]:
    """Takes the checkpoints over: with a new epoch, so that whoever held them before can save no more."""
    rows = await connection.fetch(CLAIM, subscription, topic, sorted(partitions))
    return {row["partition"]: Checkpoint(**row) for row in rows}


async def hold(connection: Connection, subscription: str, topic: str, ours: Mapping[int, Checkpoint]) -> None:
    """Locks the rows until the transaction ends; Superseded unless their epochs are still ours."""
    rows = await connection.fetch(HOLD, subscription, topic, sorted(ours))
    if {row["partition"]: row["epoch"] for row in rows} != {partition: mine.epoch for partition, mine in ours.items()}:
        raise Superseded(f"{subscription}: another worker holds the checkpoints")


async def save(connection: Connection | Pool, subscription: str, topic: str, reached: Sequence[Checkpoint]) -> None:
    """Moves the checkpoints where the epochs are still ours, else Superseded."""
    columns = (
        [getattr(checkpoint, name) for checkpoint in reached]
        for name in ("partition", "log_id", "position", "next_offset", "epoch", "lineage")
    )
    status = await connection.execute(SAVE, subscription, topic, *columns)
    if status != f"UPDATE {len(reached)}":
        raise Superseded(f"{subscription}: another worker holds the checkpoints")


async def restart(connection: Connection | Pool, subscription: str, position: int) -> None:
    """A rebuilt read model that includes the log up to `position`: the topic is read from its beginning, and what is
    known skipped.

    In the transaction that swaps the tables; a running subscription notices by its epoch.
    """
    await connection.execute(RESTART, subscription, position)


async def forget(connection: Connection | Pool, subscription: str) -> None:
    """The subscription begins again at the beginning of its topics, whatever log they come from."""
    await connection.execute(FORGET, subscription)
