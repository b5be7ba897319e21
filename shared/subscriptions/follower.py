"""Follower: tells new records of a partition from repeated, missing and strange ones, by its checkpoint. No I/O.

What is new and cannot be handled, an unknown type too, is `retry_or_park.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from shared.events import codec
from shared.events.envelope import Recorded
from shared.events.lineage import last_shared
from shared.kafka.record_position import RecordPosition, Strange
from shared.kafka.records import Record
from shared.kafka.signatures import LogKeys
from shared.resilience.retry import Halted
from shared.subscriptions.checkpoints import Checkpoint

REMEDY = (
    "Once the log is the right one, a read model is made anew by `makewhole projections rebuild`, and a policy begins "
    "again by `makewhole subscriptions restart`; docs/runbooks/restore.md says in which order"
)

Decode = Callable[[Record], Recorded[Any]]


class Recreated(Exception):
    """Before the checkpoint's offset stands an event that it has not seen: the topic was created anew."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record to be handled, and the stream that is parked where it cannot be; `recorded` raises where the record
    makes no sense.
    """

    record: Record
    stream: str
    position: int
    decode: Decode

    @property
    def recorded(self) -> Recorded[Any]:
        return self.decode(self.record)

    @property
    def key(self) -> str:
        """What is handled in order: whatever shares the key, one stream or several (an order's payment before its
        refund).
        """
        return self.stream if self.record.key is None else self.record.key.decode(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that is not of the log that is followed, and why it was taken for a strange one."""

    record: Record
    reason: str


def of_log(record: Record) -> Recorded[Any]:
    """The event of a record that a relay published, decoded once however many read it."""
    if (found := record.made.get("recorded")) is None:
        found = record.made["recorded"] = codec.from_headers(record.headers, record.value)[0]
    return cast(Recorded[Any], found)


class Follower:
    """One partition of a relay's topic. `checkpoint` stands behind what was taken; `gap` says which positions are
    missing.

    A relay repeats: each partition is the log's sequence with suffixes of it repeated, so what is at or below the
    checkpoint has been seen. A record that names a predecessor above the checkpoint comes behind a loss: nothing is
    taken until the missing event arrives (`makewhole relay rewind` sends it). Whatever is not a record of the log that
    is followed is quarantined, and the partition goes on.
    """

    def __init__(self, checkpoint: Checkpoint, keys: LogKeys | None = None) -> None:
        self.checkpoint = checkpoint
        self.gap: str | None = None
        self._keys = keys
        self._previous: int | None = None

    def take(self, record: Record) -> Delivery | Quarantined | None:
        """The record as something to handle or to quarantine, or None where it is known or comes behind a gap. Halted
        where it shows that the log is no longer the one that was taken so far.
        """
        try:
            at = RecordPosition.of(record)
            if not self._is_void(at):
                if not self._is_known(at):
                    at.believe(record, self._keys)
                    self._adopt(record, at)
                    if at.position > self.checkpoint.position:
                        return self._new(record, at)
                self._compare(record, at)
            self._pass(record)
            return None
        except Strange as strange:
            return self._quarantine(record, str(strange))

    def restart(self, offset: int) -> None:
        """The partition is read again from `offset`; what was seen is still skipped."""
        self.checkpoint = replace(self.checkpoint, next_offset=offset)

    def _is_void(self, at: RecordPosition) -> bool:
        """Whether a restore that the follower knows of has cut the record off."""
        shared = last_shared(self.checkpoint.lineage, at.log_id) if at.log_id != self.checkpoint.log_id else None
        return shared is not None and at.position > shared

    def _is_known(self, at: RecordPosition) -> bool:
        """Whether it was taken, whoever says so now: keys are retired, and topics read again."""
        return at.position <= self.checkpoint.position and self._is_followed(at)

    def _is_followed(self, at: RecordPosition) -> bool:
        checkpoint = self.checkpoint
        return at.log_id == checkpoint.log_id or last_shared(checkpoint.lineage, at.log_id) is not None

    def _adopt(self, record: Record, at: RecordPosition) -> None:
        """Moves the checkpoint to a log that continues its own; Strange where the record's does not."""
        checkpoint = self.checkpoint
        if checkpoint.log_id is None or self._is_followed(at):
            return
        if (shared := last_shared(at.lineage, checkpoint.log_id)) is None:
            raise Strange(
                f"foreign: it is of log {at.log_id}, which does not continue {checkpoint.log_id}, the one followed"
            )
        if checkpoint.position > shared:
            raise Halted(_cut_off(record, at, checkpoint, shared))
        self.checkpoint = replace(checkpoint, log_id=at.log_id, lineage=at.lineage)

    def _compare(self, record: Record, at: RecordPosition) -> None:
        """Halted where a known place holds another event than the one that was taken there."""
        if other := self._other_event(record, at):
            at.believe(record, self._keys)
            raise Halted(_other_log(record, at, other))

    def _other_event(self, record: Record, at: RecordPosition) -> str | None:
        checkpoint = self.checkpoint
        if at.position == checkpoint.position:
            same = checkpoint.event in ("", at.fingerprint(record))
            return None if same else f"another event than the one at position {checkpoint.position}"
        if at.previous == self._previous:
            return f"another event behind {at.previous} than {checkpoint.position}"
        return None

    def _new(self, record: Record, at: RecordPosition) -> Delivery | None:
        checkpoint = self.checkpoint
        if record.offset < checkpoint.next_offset:
            raise Recreated(
                f"{record.topic} partition {record.partition} holds position {at.position} at offset {record.offset}"
            )
        if at.previous > checkpoint.position:
            self.gap = (
                f"{record.topic} partition {record.partition}: the events after position {checkpoint.position} up "
                f"to {at.previous} are missing"
            )
            return None
        if at.previous < checkpoint.position:
            self._refuse(record, at)
        self.gap, self._previous = None, at.previous
        log_id, lineage = (checkpoint.log_id, checkpoint.lineage) if checkpoint.log_id else (at.log_id, at.lineage)
        self.checkpoint = Checkpoint(
            checkpoint.partition,
            log_id,
            at.position,
            record.offset + 1,
            checkpoint.epoch,
            lineage,
            at.fingerprint(record),
        )
        return Delivery(record, at.stream, at.position, of_log)

    def _refuse(self, record: Record, at: RecordPosition) -> None:
        """A position is believed only behind the last one taken: whoever vouches for another order has another log."""
        if self._keys:
            raise Halted(_other_log(record, at, f"no event at position {self.checkpoint.position}"))
        raise Strange(
            f"far: it stands at {at.position} behind {at.previous}, not behind {self.checkpoint.position}, the last one"
        )

    def _pass(self, record: Record) -> None:
        if record.offset >= self.checkpoint.next_offset:
            self.restart(record.offset + 1)

    def _quarantine(self, record: Record, reason: str) -> Quarantined | None:
        if record.offset < self.checkpoint.next_offset:
            return None  # it was, before
        self._pass(record)
        return Quarantined(record, reason)


def _cut_off(record: Record, at: RecordPosition, checkpoint: Checkpoint, shared: int) -> str:
    return (
        f"{record.topic} partition {record.partition} offset {record.offset} is of log {at.log_id}, which continues "
        f"{checkpoint.log_id} from position {shared} on, and here the events up to {checkpoint.position} were taken: a "
        f"restore has lost what is between. {REMEDY}"
    )


def _other_log(record: Record, at: RecordPosition, what: str) -> str:
    return (
        f"{record.topic} partition {record.partition} offset {record.offset} is position {at.position} of log "
        f"{at.log_id}, in which stands {what}, that was taken here: the log has come back another one, and "
        f"`makewhole log renew` has not been run. {REMEDY}"
    )
