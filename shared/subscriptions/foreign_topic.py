"""Foreign topics: records that no relay of ours writes are followed by offset.

For a shop that publishes its facts on a topic of its own (`order.events`). No service follows one yet: facts come over
HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Cause, Metadata, Recorded, attributes_of
from shared.events.ids import derived_uuid
from shared.kafka.records import Record
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Decode, Delivery, Follower


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

    KeyError or ValueError where `ce_id`, `ce_source` or `ce_time` is missing or wrong, or an attribute there twice.
    """
    attributes = {name: text.decode() for name, text in attributes_of(record.headers).items()}
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
