"""Source: the port that a subscription reads from."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.kafka.records import Record
from shared.resilience.retry import Transient
from shared.subscriptions.follower import Follower

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where a subscription reads: all partitions of one topic."""

    @property
    def partitions(self) -> int:
        """How many it has."""

    async def bounds(self) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first record, and the one that the next record will get."""

    def seek(self, partition: int, offset: int) -> None:
        """The partition goes on at the offset."""

    async def fetch(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        """Up to `most` records by partition; nothing where none came within `limit` seconds."""


class Stalled(Transient):
    """Records are there, but the source delivers none."""


async def seek(source: Source, followers: Mapping[int, Follower], subscription: str) -> None:
    """Each partition goes on one record before its checkpoint's offset: that one must have been seen, or else the topic
    is not the one that the checkpoint is of.
    """
    for partition, (first, end) in (await source.bounds()).items():
        follower = followers[partition]
        if (offset := follower.checkpoint.next_offset) > end:
            log.warning("%s: partition %d ends before offset %d: read again", subscription, partition, offset)
            follower.restart(first)
        source.seek(partition, max(first, follower.checkpoint.next_offset - 1))
