"""Comparison of a topic and its log: whether it holds, behind the relay's checkpoint, the same events as the log.

A standby that lacked the last events, or a backup, has the log's id all the same. Its positions are given out again, to
other events: only their content tells.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.eventstore.log_content import Content, content_at, held
from shared.eventstore.log_identity import LogIdentity
from shared.kafka.record_position import RecordPosition, Strange
from shared.kafka.records import Record
from shared.kafka.signatures import LogKeys
from shared.relay.progress import RelayProgress
from shared.resilience.retry import Halted

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

PAGE = 500
Place = tuple[int, str]
"""A position, and the fingerprint of what stands there."""


class Topic(Protocol):
    """A topic to be compared."""

    def records_from(self, offsets: Mapping[int, int]) -> AsyncGenerator[Record, None]:
        """The records of each partition from its offset on, up to the end that it has when asked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A record of this log at a position where the log has another event, or none."""

    record: Record
    position: int
    here: Content | None

    def __str__(self) -> str:
        at = f"{self.record.topic} partition {self.record.partition} offset {self.record.offset}"
        return f"{at} holds position {self.position} of this log, and {held(self.here)}"


async def demand_agreement(progress: RelayProgress, pool: Pool, topic: Topic, keys: LogKeys | None) -> None:
    """Halted where the topic holds an event of this log that the log does not hold at its position."""
    if found := await first_difference(progress, pool, topic, keys):
        raise Halted(
            f"{found}: it has come back shorter, or another one (a failover to a standby that lacked the last events, "
            f"or a restore). Nothing is published. Bring back the database that has them, or let them go with "
            f"`makewhole log renew` (docs/runbooks/restore.md)"
        )


async def first_difference(
    progress: RelayProgress, pool: Pool, topic: Topic, keys: LogKeys | None
) -> Difference | None:
    """The difference at the lowest position, of all that stands in the topic behind the checkpoint."""
    identity = LogIdentity(progress.log_id, progress.partitions, progress.lineage)
    offsets = {partition: _begin(progress, partition) for partition in range(progress.partitions)}
    found: list[Difference] = []
    page: dict[Place, Record] = {}
    async with aclosing(topic.records_from(offsets)) as records:
        async for record in records:
            if place := _place(identity, record, keys):
                page[place] = record
            if len(page) >= PAGE:
                found += await _compared(pool, page)
                page = {}
    found += await _compared(pool, page)
    return min(found, key=lambda difference: difference.position, default=None)


def _begin(progress: RelayProgress, partition: int) -> int:
    tail = progress.tails.get(partition)
    return max(tail.next_offset - 1, 0) if tail else 0


def _place(identity: LogIdentity, record: Record, keys: LogKeys | None) -> Place | None:
    """Position and content of a record of this log, or of a former life as far as this one shares it."""
    try:
        at = RecordPosition.of(record)
        at.believe(record, keys)
    except Strange:
        return None
    return (at.position, at.fingerprint(record)) if identity.includes(at.log_id, at.position) else None


async def _compared(pool: Pool, page: Mapping[Place, Record]) -> list[Difference]:
    found = await content_at(pool, [position for position, _ in page])
    return [
        Difference(record, position, here)
        for (position, content), record in page.items()
        if (here := found.get(position)) is None or here.fingerprint != content
    ]
