"""Checkpoints: how far each subscription and relay has come, row by row of the table `checkpoints`.

`follower.py` tells by them what is new and what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.resilience.retry import Transient

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool
    from shared.eventstore.log_identity import LogIdentity

CLAIM = """
insert into checkpoints as c (subscription, topic, partition) select $1, $2, p from unnest($3::int[]) p order by p
on conflict (subscription, topic, partition) do update set epoch = c.epoch + 1
returning partition, log_id, position, next_offset, epoch, lineage, event
"""
SAVE = """
update checkpoints c
set log_id = new.log_id, position = new.position, next_offset = new.next_offset, lineage = new.lineage,
    event = new.event
from unnest($3::int[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
    as new (partition, log_id, position, next_offset, epoch, lineage, event)
where c.subscription = $1 and c.topic = $2 and c.partition = new.partition and c.epoch = new.epoch
"""
# Nobody waits for the commit to reach the disk: what a power cut takes back, rows and checkpoint together, the topic
# delivers again.
HOLD = """
with held as materialized (
    select from checkpoints
    where subscription = $1 and topic = $2 and partition = any($3::int[]) order by partition for update
)
"""
HELD = ", (select count(*), set_config('synchronous_commit', 'off', true) from held) held\nwhere c."
MOVE = HOLD + SAVE.lstrip().replace("\nwhere c.", HELD)
EPOCHS = (
    "select partition, epoch from checkpoints where subscription = $1 and topic = $2 and partition = any($3::int[])"
)
# In the order of `MOVE`, so that the two wait for each other and never crosswise.
RESTART = """
with held as materialized (select from checkpoints where subscription = $1 order by topic, partition for update)
insert into checkpoints as c (subscription, topic, partition, log_id, lineage, position, event)
select $1, $2, new.partition, $3, $4, new.position, new.event
from unnest($5::int[], $6::bigint[], $7::text[]) as new (partition, position, event), (select count(*) from held) held
order by new.partition
on conflict (subscription, topic, partition) do update set log_id = excluded.log_id, lineage = excluded.lineage,
    position = excluded.position, event = excluded.event, next_offset = 0, epoch = c.epoch + 1
"""
READ_AGAIN = """
update checkpoints set next_offset = least(next_offset, $4), epoch = epoch + 1
where subscription = $1 and topic = $2 and partition = $3
"""
FORGET = "delete from checkpoints where subscription = $1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a follower got in one partition: everything up to `position` of log `log_id`, where the event with this
    fingerprint stands, and the offset to read next.
    """

    partition: int
    log_id: UUID | None = None
    position: int = 0
    next_offset: int = 0
    epoch: int = 0
    lineage: str = ""
    event: str = ""


class Superseded(Transient):
    """Another process took over: its epoch is on the checkpoint, and ours counts no more."""


async def claim(
    connection: Connection | Pool, subscription: str, topic: str, partitions: Iterable[int]
) -> dict[int, Checkpoint]:
    """Takes the checkpoints over: with a new epoch, so that whoever held them before can save no more."""
    rows = await connection.fetch(CLAIM, subscription, topic, sorted(partitions))
    return {row["partition"]: Checkpoint(**row) for row in rows}


async def move(connection: Connection | Pool, subscription: str, topic: str, reached: Sequence[Checkpoint]) -> None:
    """Moves the checkpoints and holds their rows until the transaction ends, else Superseded; the rows of a read model
    are written under it.
    """
    await _moved(connection, MOVE, subscription, topic, reached)


async def save(connection: Connection | Pool, subscription: str, topic: str, reached: Sequence[Checkpoint]) -> None:
    """Moves the checkpoints where the epochs are still ours, else Superseded."""
    await _moved(connection, SAVE, subscription, topic, reached)


async def _moved(
    connection: Connection | Pool, statement: str, subscription: str, topic: str, reached: Sequence[Checkpoint]
) -> None:
    columns = (
        [getattr(checkpoint, name) for checkpoint in reached]
        for name in ("partition", "log_id", "position", "next_offset", "epoch", "lineage", "event")
    )
    status = await connection.execute(statement, subscription, topic, *columns)
    if status != f"UPDATE {len(reached)}":
        raise Superseded(f"{subscription}: another worker holds the checkpoints")


async def demand(connection: Connection | Pool, subscription: str, topic: str, ours: Mapping[int, Checkpoint]) -> None:
    """Superseded unless the epochs are still ours: who has nothing to save notices a take-over, too."""
    rows = await connection.fetch(EPOCHS, subscription, topic, list(ours))
    if {row["partition"]: row["epoch"] for row in rows} != {partition: mine.epoch for partition, mine in ours.items()}:
        raise Superseded(f"{subscription}: the checkpoints were moved by somebody else")


async def restart(
    connection: Connection | Pool, subscription: str, topic: str, log: LogIdentity, reached: Mapping[int, Checkpoint]
) -> None:
    """The subscription has taken this log up to the position of each partition: the topic is read from its beginning,
    and what is known skipped.

    A running subscription notices by its epoch. With positions 0 all of the log is taken once more.
    """
    marks = list(reached.values())
    columns = [[getattr(mark, name) for mark in marks] for name in ("partition", "position", "event")]
    await connection.execute(RESTART, subscription, topic, log.log_id, log.lineage, *columns)


async def read_again(connection: Connection | Pool, subscription: str, topic: str, partition: int, offset: int) -> None:
    """The partition is read again from the offset, and what is known skipped."""
    await connection.execute(READ_AGAIN, subscription, topic, partition, offset)


async def forget(connection: Connection | Pool, subscription: str) -> None:
    """The subscription begins again at the beginning of its topics, whatever log they come from."""
    await connection.execute(FORGET, subscription)
