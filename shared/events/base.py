"""Envelope: command, event, recorded event and metadata, which every log and topic carries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import from_json, to_json

from shared.events.slot import id_in_slot, slot_of, slot_of_stream

NAMESPACE = UUID("6f1d6a52-8a64-5c0e-9a4e-6d616b657768")


def wire_time(instant: datetime) -> str:
    """The instant as RFC 3339 in UTC with microseconds and a Z: fixed width, so that text order is time order."""
    # isoformat takes a third of the time of strftime, and every event and answer holds several instants.
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(wire_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Message(BaseModel):
    """A frozen value that crosses a boundary; a member that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(Message):
    """Who asks: the party id of the token and the roles that it holds."""

    id: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.roles))}:{self.id}"


SYSTEM = Actor(id="makewhole", roles=frozenset({"system"}))


class Value(Message):
    """A part of an event. A member that it does not know is passed over: an older reader meets a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Value):
    """A fact, in the past tense. Its type name is stored: never rename one."""

    schema_version: ClassVar[int] = 1


class Command(Message):
    """A request, in the imperative. It may be refused.

    `at` is the instant at which it is decided (the domain's clock); `command_id` makes a repeat recognisable.
    """

    command_id: UUID
    actor: Actor
    at: Instant

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        """The streams that it decides on, the one whose life it moves first."""
        raise NotImplementedError(type(self).__name__)

    @property
    def first_stream(self) -> StreamName:
        """The stream whose life it moves first; it has a name of its own."""
        first = self.streams[0]
        assert isinstance(first, StreamName)
        return first

    @property
    def personal(self) -> Sequence[Personal]:
        """The text about people that it brings, to be stored beside the log."""
        return ()


@dataclass(frozen=True, slots=True)
class StreamName:
    """A stream and, where this command may begin it, its key for life (the partition key of all its events)."""

    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class StreamOfKey:
    """The stream of another category whose id is the first stream's key: the order of a dispute."""

    category: str

    def named(self, key: str) -> StreamName:
        return StreamName(f"{self.category}-{key}")


@dataclass(frozen=True, slots=True)
class Personal:
    """Text about a person, stored beside the log under the `ref` that the event carries, so that it can be erased."""

    ref: str
    subject: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Cause:
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
    def of(cls, command: Command, **more: object) -> Cause:
        """The cause of what `command` decides; `more` names the fields that the command does not hold."""
        given = {"personal": command.personal, **more}
        return cls(command.command_id, command.at, str(command.actor), **given)  # type: ignore[arg-type]


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


@dataclass(frozen=True, slots=True)
class Metadata:
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


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it stands in the log: whoever only carries it does not look into its data."""

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


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E_co]):
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


@dataclass(frozen=True, slots=True)
class Write:
    """The events that one stream receives if it is still at `expected_version`; no events make it a guard."""

    stream: str
    key: str
    expected_version: int
    events: Sequence[Event]


def event_id(stream: str, version: int) -> str:
    """Derived and never random: `<stream>/<version>`."""
    return f"{stream}/{version}"


def derived_uuid(*parts: object) -> UUID:
    """The same UUID for the same parts, for ever: `uuid5` over the parts joined by a bar."""
    return uuid5(NAMESPACE, "|".join(str(part) for part in parts))


def framed_uuid(*texts: str) -> UUID:
    """The same UUID for the same texts, for ever: `uuid5` over each text behind its length in bytes.

    For texts from outside, which may hold any character: so joined, no two lists of them read alike.
    """
    return uuid5(NAMESPACE, "".join(f"{len(text.encode())}:{text}" for text in texts))


def derived_id(prefix: str, key: str, *parts: object) -> str:
    """A public id such as `dsp_…` that follows from its parts and carries the slot of `key`, its order's id."""
    return id_in_slot(slot_of(key), prefix, derived_uuid(prefix, *parts).hex)


def derived_id_beside(stream: str, prefix: str, *parts: object) -> str:
    """The same where only a stream is at hand: it carries that stream's slot. ValueError where the stream has none."""
    if (slot := slot_of_stream(stream)) is None:
        raise ValueError(f"{stream} carries no slot")
    return id_in_slot(slot, prefix, derived_uuid(prefix, *parts).hex)


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, each ended by a zero byte, in hex."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part + b"\0")
    return whole.hexdigest()
