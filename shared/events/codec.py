"""Type names to classes and back, old stored shapes to current ones, and the CloudEvents headers of a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from shared.events.base import Event, Metadata, Recorded, wire_time
from shared.events.logs import LOGS

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""An old stored shape's data → the type name and data of the next one."""

UPCASTERS: dict[str, Upcaster] = {}
"""By old type name; a chain where several versions lie between. Empty while every event is in its first shape."""


class UnknownEvent(Exception):
    """No class and no upcaster for this type name: written by a newer version, or not ours."""


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
        return event_class.model_validate_json(data)
    return _upcast(name, from_json(data))


def _upcast(name: str, data: dict[str, Any]) -> Event:
    while name in UPCASTERS:
        name, data = UPCASTERS[name](data)
    if not (event_class := EVENT_CLASSES.get(name)):
        raise UnknownEvent(name)
    return event_class.model_validate(data)


def headers(recorded: Recorded[Event], source: str, log_id: UUID) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 in Kafka's binary mode: one header an attribute, absent where there is no value."""
    name, metadata = _TYPE_NAMES.get(type(recorded.event)) or type_name(type(recorded.event)), recorded.metadata
    attributes = (
        ("ce_specversion", "1.0"),
        ("ce_id", recorded.id),
        ("ce_source", source),
        ("ce_type", name),
        ("ce_subject", recorded.stream),
        ("ce_time", wire_time(metadata.at)),
        ("ce_dataschema", f"/schemas/{name}.json"),
        ("content-type", "application/json"),
        ("ce_partitionkey", metadata.key),
        ("ce_sequence", str(recorded.version)),
        ("ce_position", str(recorded.position)),
        ("ce_logid", str(log_id)),
        ("ce_correlationid", metadata.correlation),
        ("ce_causationid", metadata.causation),
        ("ce_commandid", str(metadata.command_id)),
        ("ce_actor", metadata.actor),
        ("ce_traceparent", metadata.traceparent),
    )
    return [(key, value.encode()) for key, value in attributes if value is not None]


def from_headers(pairs: Iterable[tuple[str, bytes]], value: bytes) -> tuple[Recorded[Event], UUID]:
    """The recorded event of a Kafka record and its log's id; KeyError or ValueError where an attribute is missing or
    wrong.
    """
    attributes = {key: text.decode() for key, text in pairs}
    metadata = Metadata(
        at=datetime.fromisoformat(attributes["ce_time"]),
        command_id=UUID(attributes["ce_commandid"]),
        request_hash="",
        actor=attributes["ce_actor"],
        correlation=attributes["ce_correlationid"],
        causation=attributes.get("ce_causationid"),
        traceparent=attributes.get("ce_traceparent"),
        key=attributes["ce_partitionkey"],
    )
    recorded = Recorded(
        stream=attributes["ce_subject"],
        version=int(attributes["ce_sequence"]),
        position=int(attributes["ce_position"]),
        event=decode(attributes["ce_type"], value),
        metadata=metadata,
    )
    return recorded, UUID(attributes["ce_logid"])
