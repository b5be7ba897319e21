"""Relay progress: the checkpoint of a relay, and the last event that each partition was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.events.envelope import Stored
from shared.eventstore.log_identity import identify
from shared.kafka.records import Ack
from shared.resilience.retry import Halted, Transient

if TYPE_CHECKING:
    import asyncpg

    from shared.eventstore.connections import Pool

TAKE_OVER = """
insert into checkpoints as c (subscription, topic, partition, log_id) select 'relay', $1, -1, log_id from log
on conflict (subscription, topic, partition) do update set epoch = c.epoch + 1
returning position, epoch, log_id
"""
TAILS = """
select c.partition, c.position, c.next_offset, e.stream || '/' || e.version as id
from checkpoints c left join events e on e.position = c.position
where c.subscription = 'relay' and c.topic = $1 and c.partition >= 0
"""
# This commit does not wait for the disk: a checkpoint that a power cut takes back is a batch published again, in order.
CHECKPOINT = """
with head as (
    update checkpoints set position = $3, log_id = $7
    where subscription = 'relay' and topic = $1 and partition = -1 and epoch = $2 returning log_id
), tails as (
    insert into checkpoints as c (subscription, topic, partition, log_id, position, next_offset, epoch)
    select 'relay', $1, new.partition, head.log_id, new.position, new.next_offset, $2
    from head, unnest($4::int[], $5::bigint[], $6::bigint[]) as new (partition, position, next_offset)
    on conflict (subscription, topic, partition)
    do update set log_id = excluded.log_id, position = excluded.position, next_offset = excluded.next_offset, epoch =
        excluded.epoch
)
select count(*), set_config('synchronous_commit', 'off', true) from head
"""
CURRENT = "select true from checkpoints where subscription = 'relay' and topic = $1 and partition = -1 and epoch = $2"
REWIND = """
with tails as (delete from checkpoints where subscription = 'relay' and topic = $1 and partition >= 0)
update checkpoints set position = 0, epoch = epoch + 1, log_id = (select log_id from log)
where subscription = 'relay' and topic = $1 and partition = -1
"""
LAG = """
with at as (select coalesce(max(position), 0) as position from checkpoints where subscription = 'relay' and topic = $1
    and partition = -1)
select coalesce((select max(e.position) from events e), 0) - at.position as events,
    coalesce((select extract(epoch from clock_timestamp() - e.recorded_at) from events e
        where e.position = at.position + 1), 0)::float8 as age
from at
"""


@dataclass(frozen=True, slots=True)
class LastPublished:
    """The last event that a partition was given; `next_offset` 0 where the broker did not say where it stands."""

    position: int = 0
    next_offset: int = 0
    id: str | None = None


class RelaySuperseded(Transient):
    """Another relay has taken over since."""


@dataclass(slots=True)
class RelayProgress:
    """How far a relay has come in its log and topic, taken over under `epoch`."""

    topic: str
    partitions: int
    log_id: UUID
    lineage: str
    epoch: int
    position: int
    tails: dict[int, LastPublished]

    async def save(self, pool: Pool, rows: Sequence[Stored], acks: Sequence[Ack]) -> None:
        """Moves the checkpoint behind the acknowledged rows; RelaySuperseded where another relay has taken over."""
        tails = self._advanced(rows, acks)
        columns = [
            list(tails),
            [tail.position for tail in tails.values()],
            [tail.next_offset for tail in tails.values()],
        ]
        if not await pool.fetchval(CHECKPOINT, self.topic, self.epoch, rows[-1].position, *columns, self.log_id):
            raise RelaySuperseded("another relay has taken over")
        self.position = rows[-1].position
        self.tails |= tails

    async def demand_current(self, pool: Pool) -> None:
        """RelaySuperseded where another relay has taken over, or somebody has rewound this one."""
        if not await pool.fetchval(CURRENT, self.topic, self.epoch):
            raise RelaySuperseded("another relay has taken over, or it was rewound")

    def _advanced(self, rows: Sequence[Stored], acks: Sequence[Ack]) -> dict[int, LastPublished]:
        tails: dict[int, LastPublished] = {}
        for row, ack in zip(rows, acks, strict=True):
            before = tails.get(ack.partition) or self.tails.get(ack.partition, LastPublished())
            if 0 <= ack.offset < before.next_offset:
                raise lost(self.topic, ack.partition, before)
            tails[ack.partition] = LastPublished(row.position, ack.offset + 1, row.id)
        return tails


async def take_over(pool: Pool, topic: str, partitions: int) -> RelayProgress:
    """The progress that the checkpoint holds, under a new epoch; Halted where it is of another log, or the log was made
    for another number of partitions than its topic has.
    """
    identity = await identify(pool)
    identity.demand(partitions)
    (row,) = await pool.fetch(TAKE_OVER, topic)
    if not identity.includes(UUID(str(row["log_id"])), row["position"]):
        raise Halted(
            f"the log is {identity.log_id}, but topic {topic} holds log {row['log_id']} (a restore?): "
            f"create the topic anew, then `makewhole relay rewind`; its subscriptions begin again as "
            f"docs/runbooks/restore.md says"
        )
    tails = {
        tail["partition"]: LastPublished(tail["position"], tail["next_offset"], tail["id"])
        for tail in await pool.fetch(TAILS, topic)
    }
    return RelayProgress(topic, partitions, identity.log_id, identity.lineage, row["epoch"], row["position"], tails)


def lost(topic: str, partition: int, tail: LastPublished) -> Halted:
    """The topic no longer holds what it acknowledged."""
    return Halted(
        f"{topic} partition {partition} does not hold {tail.id} at offset {tail.next_offset - 1}, where Kafka "
        f"acknowledged it: the topic was created anew or cut off. `makewhole relay rewind` publishes the log again "
        f"from its beginning; subscriptions skip what they know"
    )


async def rewind(database: Pool | asyncpg.Connection[asyncpg.Record], topic: str) -> None:
    """The relay publishes its log again from the beginning; a running one notices by the epoch, within seconds."""
    await database.execute(REWIND, topic)
