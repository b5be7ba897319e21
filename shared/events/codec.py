"""Codec: events to stored JSON and CloudEvents headers and back; old shapes are lifted to current ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from shared.events.base import Event
from shared.events.envelope import Metadata, Recorded, Stored, attributes_of, metadata_headers
from shared.events.errors import UnknownEvent
from shared.events.logs import LOGS

Encode = Callable[[Event], tuple[str, bytes]]
Decode = Callable[[str, bytes], Event]
Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""An old stored shape's data → the type name and data of the next one."""

UPCASTERS: dict[str, Upcaster] = {}
"""By old type name; a chain where several versions lie between. Empty while every event is in its first shape."""


def type_name(event_class: type[Event]) -> str:
    """`DisputeOpened` is stored and published as `makewhole.DisputeOpened.v1`."""
    return f"makewhole.{event_class.__name__}.v{event_class.schema_version}"


EVENT_CLASSES: Mapping[str, type[Event]] = {
    type_name(event_class): event_class for log in LOGS.values() for event_class in log.event_classes
}
_TYPE_NAMES = {event_class: name for name, event_class in EVENT_CLASSES.items()}


def encode(event: Event) -> tuple[str, bytes]:
    """The event's type name and its data as JSON."""
    return _TYPE_NAMES.get(type(event)) or type_name(type(event)), event.__pydantic_serializer__.to_json(event)


def decode(name: str, data: str | bytes) -> Event:
    """The event behind stored data, lifted to its current shape; UnknownEvent, or ValueError for data that does not
    fit.
    """
    if event_class := EVENT_CLASSES.get(name):
        event: Event = event_class.__pydantic_validator__.validate_json(data)
        return event
    return _upcast(name, from_json(data))


def _upcast(name: str, data: dict[str, Any]) -> Event:
    while name in UPCASTERS:
        name, data = UPCASTERS[name](data)
    if not (event_class := EVENT_CLASSES.get(name)):
        raise UnknownEvent(name)
    return event_class.model_validate(data)


def recorded(stored: Stored, decode: Decode = decode) -> Recorded[Event]:
    """The stored event to those who read it; UnknownEvent, or KeyError or ValueError for what does not fit."""
    metadata = Metadata.from_members(stored.metadata, stored.key)
    return Recorded(stored.stream, stored.version, stored.position, decode(stored.type, stored.data), metadata)


def stored(recorded: Recorded[Event], encode: Encode = encode) -> Stored:
    """The event as the log would hold it."""
    metadata, (name, data) = recorded.metadata, encode(recorded.event)
    members = metadata.to_members()
    return Stored(recorded.stream, recorded.version, recorded.position, metadata.key, name, data, members)


def headers(stored: Stored, source: str, log_id: UUID, lineage: str = "") -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 in Kafka's binary mode: one header an attribute, absent where there is no value."""
    attributes = {
        **dict(metadata_headers(stored.metadata)),
        "ce_specversion": "1.0",
        "ce_id": stored.id,
        "ce_source": source,
        "ce_type": stored.type,
        "ce_subject": stored.stream,
        "ce_dataschema": f"/schemas/{stored.type}.json",
        "content-type": "application/json",
        "ce_partitionkey": stored.key,
        "ce_sequence": str(stored.version),
        "ce_position": str(stored.position),
        "ce_logid": str(log_id),
        **({"ce_loglineage": lineage} if lineage else {}),
    }
    return [(key, value.encode()) for key, value in attributes.items()]


def from_headers(pairs: Sequence[tuple[str, bytes]], value: bytes) -> tuple[Recorded[Event], UUID]:
    """The recorded event of a Kafka record and its log's id; KeyError or ValueError where an attribute is missing,
    wrong or there twice.
    """
    attributes = {key: text.decode() for key, text in attributes_of(pairs).items() if key.startswith("ce_")}
    recorded = Recorded(
        stream=attributes["ce_subject"],
        version=int(attributes["ce_sequence"]),
        position=int(attributes["ce_position"]),
        event=decode(attributes["ce_type"], value),
        metadata=Metadata.from_headers(attributes),
    )
    return recorded, UUID(attributes["ce_logid"])
