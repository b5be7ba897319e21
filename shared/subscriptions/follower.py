"""Follower: tells new records of a partition from repeated and missing ones, by its checkpoint. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from shared.events import codec
from shared.events.base import Event
from shared.events.envelope import Cause, Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.events.lineage import last_shared
from shared.kafka.records import Record
from shared.resilience.retry import Halted
from shared.subscriptions.checkpoints import Checkpoint

_BEGIN_AGAIN = (
    "create the topic anew and `makewhole relay rewind`, then delete this subscription's rows of the table "
    "checkpoints, and with a projection all rows of its own tables in the same transaction: it begins again with the "
    "first record"
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


def of_log(record: Record) -> Recorded[Any]:
    """The event of a record that a relay published."""
    return codec.from_headers(record.headers, record.value)[0]


@dataclass(frozen=True, slots=True)
class RecordPosition:
    """Where a relay's record stands: in which log of which lineage, where there, and behind which position in its
    partition.
    """

    log_id: UUID
    lineage: str
    stream: str
    position: int
    previous: int

    @classmethod
    def of(cls, record: Record) -> Self | None:
        """The record's stamp, or None where it has none that makes sense."""
        attributes = dict(record.headers)
        try:
            stream, log_id = attributes["ce_subject"].decode(), UUID(attributes["ce_logid"].decode())
            lineage = attributes.get("ce_loglineage", b"").decode()
            return cls(log_id, lineage, stream, int(attributes["ce_position"]), int(attributes["ce_previous"]))
        except (KeyError, ValueError):
            return None


class Follower:
    """One partition of a relay's topic. `checkpoint` stands behind what was taken; `gap` says which positions are
    missing.

    A relay repeats: each partition is the log's sequence with suffixes of it repeated, so what is at or below the
    checkpoint has been seen. A record that names a predecessor above the checkpoint comes behind a loss: nothing is
    taken until the missing event arrives (`makewhole relay rewind` sends it).
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.gap: str | None = None

    def take(self, record: Record) -> Delivery | None:
        """The record as something to handle, or None where it is known or comes behind a gap. Halted where it is of
        another log, or of a restored one that does not hold all that was taken.
        """
        stamp = RecordPosition.of(record)
        if stamp is None:
            return self._malformed(record)
        if self._is_void(record, stamp) or stamp.position <= self.checkpoint.position:
            self.checkpoint = replace(self.checkpoint, next_offset=max(self.checkpoint.next_offset, record.offset + 1))
            return None
        return self._new(record, stamp)

    def restart(self, offset: int) -> None:
        """The partition is read again from `offset`; what was seen is still skipped."""
        self.checkpoint = replace(self.checkpoint, next_offset=offset)

    def _is_void(self, record: Record, stamp: RecordPosition) -> bool:
        """Whether a restore has cut the record off; moves the checkpoint to a log that continues its own."""
        checkpoint = self.checkpoint
        if checkpoint.log_id is None or checkpoint.log_id == stamp.log_id:
            return False
        if (shared := last_shared(stamp.lineage, checkpoint.log_id)) is not None:
            if checkpoint.position > shared:
                raise Halted(_cut_off(record, stamp.log_id, checkpoint, shared))
            self.checkpoint = replace(checkpoint, log_id=stamp.log_id, lineage=stamp.lineage)
            return False
        if (shared := last_shared(checkpoint.lineage, stamp.log_id)) is not None:
            return stamp.position > shared
        raise Halted(_another_log(record, stamp.log_id, checkpoint))

    def _new(self, record: Record, stamp: RecordPosition) -> Delivery | None:
        if record.offset < self.checkpoint.next_offset:
            raise Recreated(
                f"{record.topic} partition {record.partition} holds position {stamp.position} at offset {record.offset}"
            )
        if stamp.previous > self.checkpoint.position:
            self.gap = (
                f"{record.topic} partition {record.partition}: the events after position {self.checkpoint.position} up "
                f"to {stamp.previous} are missing"
            )
            return None
        self.gap = None
        self.checkpoint = replace(self.checkpoint, position=stamp.position, next_offset=record.offset + 1)
        if self.checkpoint.log_id is None:
            self.checkpoint = replace(self.checkpoint, log_id=stamp.log_id, lineage=stamp.lineage)
        return Delivery(record, stamp.stream, stamp.position, of_log)

    def _malformed(self, record: Record) -> Delivery | None:
        if record.offset < self.checkpoint.next_offset:
            return None
        self.checkpoint = replace(self.checkpoint, next_offset=record.offset + 1)
        return Delivery(record, f"{record.topic}/{record.partition}/{record.offset}", self.checkpoint.position, of_log)


class ForeignFollower(Follower):
    """One partition of a topic that no relay of ours writes: followed by offset, repeats included, so its handler must
    know them by content.
    """

    def __init__(self, checkpoint: Checkpoint, decode: Decode) -> None:
        super().__init__(checkpoint)
        self._decode = decode

    def take(self, record: Record) -> Delivery | None:
        """The record, unless it stands before the checkpoint's offset."""
        if record.offset < self.checkpoint.next_offset:
            return None
        self.checkpoint = replace(self.checkpoint, position=record.offset, next_offset=record.offset + 1)
        return Delivery(record, foreign_stream(record), record.offset, self._decode)


def foreign_stream(record: Record) -> str:
    """What is parked together, and handled in order, of a foreign topic: the records of one key."""
    return f"{record.topic}/{record.partition if record.key is None else record.key.decode(errors='backslashreplace')}"


def foreign_recorded(record: Record, event: Event) -> Recorded[Any]:
    """A foreign CloudEvents record in our envelope, for `decode` functions: its stream is its topic and key, its
    version its offset from 1.

    KeyError or ValueError where `ce_id`, `ce_source` or `ce_time` is missing or wrong.
    """
    attributes = {name: text.decode() for name, text in record.headers}
    story = f"{attributes['ce_source']}/{attributes['ce_id']}"
    cause = Cause(
        derived_uuid(attributes["ce_source"], attributes["ce_id"]),
        datetime.fromisoformat(attributes["ce_time"]),
        attributes["ce_source"],
        correlation=attributes.get("ce_correlationid", story),
        causation=story,
        traceparent=attributes.get("ce_traceparent"),
    )
    metadata = Metadata.of(cause, (record.key or b"").decode())
    return Recorded(foreign_stream(record), record.offset + 1, record.offset, event, metadata)


def _cut_off(record: Record, log_id: UUID, checkpoint: Checkpoint, shared: int) -> str:
    return (
        f"{record.topic} partition {record.partition} offset {record.offset} is of log {log_id}, which continues "
        f"{checkpoint.log_id} from position {shared} on, and here the events up to {checkpoint.position} were taken: a "
        f"restore has lost what is between. {_BEGIN_AGAIN}"
    )


def _another_log(record: Record, log_id: UUID, checkpoint: Checkpoint) -> str:
    return (
        f"{record.topic} partition {record.partition} offset {record.offset} is of log {log_id}, "
        f"followed so far is {checkpoint.log_id} (a restore?): {_BEGIN_AGAIN}"
    )
