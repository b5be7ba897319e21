"""Envelope: why an event was appended, what is recorded beside it, and an event with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, Self, TypeVar
from uuid import UUID

from pydantic_core import from_json, to_json

from shared.events.base import Command, Event, Personal, wire_time


class Cause(NamedTuple):
    """Why events are appended: the command, who sent it and what it follows from."""

    command_id: UUID
    at: datetime
    actor: str
    request_hash: str = ""
    correlation: str | None = None
    causation: str | None = None
    traceparent: str | None = None
    personal: Sequence[Personal] = ()

    @classmethod
    def of(cls, command: Command, **more: Any) -> Cause:
        """The cause of what `command` decides; `more` names the fields that the command does not hold."""
        given = {"personal": command.personal, **more}
        return cls(command.command_id, command.at, str(command.actor), **given)

    def correlated(self, histories: Sequence[Sequence[Recorded[Event]]]) -> Cause:
        """The cause as part of the story that these streams tell, where it names none itself."""
        if self.correlation is not None:
            return self
        for history in histories:
            if history:
                return self.part_of(history[0].metadata.correlation)
        return self.part_of(str(self.command_id))

    def part_of(self, correlation: str) -> Cause:
        """The same cause in this story."""
        return self._replace(correlation=correlation)


_HEADERS = {
    "at": "ce_time",
    "command_id": "ce_commandid",
    "actor": "ce_actor",
    "correlation": "ce_correlationid",
    "causation": "ce_causationid",
    "traceparent": "ce_traceparent",
}
"""A member of the metadata as a header; another one that a newer version has written goes by its own name."""
_OPTIONAL = frozenset({"causation", "traceparent"})
_PRIVATE = frozenset({"request_hash"})
"""Stays in the log."""


class Metadata(NamedTuple):
    """What is recorded beside an event's data; its members and their headers are named here and nowhere else."""

    at: datetime
    command_id: UUID
    request_hash: str
    actor: str
    correlation: str
    causation: str | None
    traceparent: str | None
    key: str

    @classmethod
    def of(cls, cause: Cause, key: str) -> Self:
        """What is recorded beside the events of this cause in a stream with this key."""
        correlation = cause.correlation or str(cause.command_id)
        return cls(
            cause.at,
            cause.command_id,
            cause.request_hash,
            cause.actor,
            correlation,
            cause.causation,
            cause.traceparent,
            key,
        )

    @classmethod
    def from_members(cls, members: Mapping[str, Any], key: str) -> Self:
        """From the stored members; KeyError or ValueError where one is missing or wrong, another one is passed over."""
        return cls(
            at=datetime.fromisoformat(members["at"]),
            command_id=UUID(members["command_id"]),
            request_hash=members.get("request_hash", ""),
            actor=members["actor"],
            correlation=members["correlation"],
            causation=members.get("causation"),
            traceparent=members.get("traceparent"),
            key=key,
        )

    @classmethod
    def from_json(cls, text: str | bytes, key: str) -> Self:
        """From the stored JSON; the key has a column of its own."""
        return cls.from_members(from_json(text), key)

    @classmethod
    def from_headers(cls, attributes: Mapping[str, str]) -> Self:
        """From a record's headers; KeyError or ValueError where one is missing or wrong."""
        members = {
            name: attributes[header]
            for name, header in _HEADERS.items()
            if header in attributes or name not in _OPTIONAL
        }
        return cls.from_members(members, attributes["ce_partitionkey"])

    def to_members(self) -> dict[str, str]:
        """What is stored, where it has a value; the key has a column of its own."""
        members = {
            "at": wire_time(self.at),
            "command_id": str(self.command_id),
            "request_hash": self.request_hash,
            "actor": self.actor,
            "correlation": self.correlation,
            "causation": self.causation,
            "traceparent": self.traceparent,
        }
        return {name: value for name, value in members.items() if value is not None}

    def to_json(self) -> bytes:
        """What is stored; ValueError where it holds half a surrogate pair."""
        return to_json(self.to_members())


def metadata_headers(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The stored members of the metadata as headers, those that only a newer version knows among them."""
    for name, value in members.items():
        if name not in _PRIVATE and isinstance(value, str):
            yield _HEADERS.get(name) or "ce_" + name.replace("_", ""), value


def attributes_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """A record's headers by name; ValueError where one of CloudEvents' stands twice: readers would differ on it."""
    found = dict(headers)
    if len(found) < len(headers):  # what carries records between clusters may add its own, and more than once
        seen: set[str] = set()
        for name in (name for name, _ in headers if name.startswith("ce_")):
            if name in seen:
                raise ValueError(f"{name} stands twice")
            seen.add(name)
    return found


class Stored(NamedTuple):
    """An event as it stands in the log: the relay carries it without reading its data."""

    stream: str
    version: int
    position: int
    key: str
    type: str
    data: bytes
    metadata: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The event id, derived and never random: `<stream>/<version>`."""
        return event_id(self.stream, self.version)


E_co = TypeVar("E_co", bound=Event, covariant=True)


class Recorded(NamedTuple, Generic[E_co]):
    """An event with its envelope: `version` counts its stream from 1, `position` its service's log from 1 without a
    hole.
    """

    stream: str
    version: int
    position: int
    event: E_co
    metadata: Metadata

    @property
    def id(self) -> str:
        """The event id, derived and never random: `<stream>/<version>`."""
        return event_id(self.stream, self.version)


class Write(NamedTuple):
    """The events that one stream receives if it is still at `expected_version`; no events make it a guard."""

    stream: str
    key: str
    expected_version: int
    events: Sequence[Event]


def event_id(stream: str, version: int) -> str:
    """Derived and never random: `<stream>/<version>`."""
    return f"{stream}/{version}"
