"""The envelope of every message: what a command, an event and a recorded event are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

from shared.events.slot import id_in_slot, slot_of, slot_of_stream

NAMESPACE = UUID("6f1d6a52-8a64-5c0e-9a4e-6d616b657768")


def wire_time(instant: datetime) -> str:
    """The instant as RFC 3339 in UTC with microseconds and a Z: fixed width, so that text order is time order."""
    # isoformat takes a third of the time of strftime, and every event and answer holds several instants.
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, PlainSerializer(wire_time, return_type=str, when_used="json")]


class Message(BaseModel):
    """A frozen value that crosses a boundary."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(Message):
    """Who asks: the party id of the token and the roles that it holds."""

    id: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.roles))}:{self.id}"


SYSTEM = Actor(id="makewhole", roles=frozenset({"system"}))


class Event(Message):
    """A fact, in the past tense. Its type name is stored: never rename one.

    An unknown field is ignored: an older reader meets a newer writer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    schema_version: ClassVar[int] = 1


class Command(Message):
    """A request, in the imperative. It may be refused.

    `at` is the instant at which it is decided (the domain's clock); `command_id` makes a repeat recognisable.
    """

    command_id: UUID
    actor: Actor
    at: Instant

    @property
    def streams(self) -> Sequence[StreamName]:
        """The streams that it decides on, the one whose life it moves first."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, slots=True)
class StreamName:
    """A stream and, where this command may begin it, its key for life (the partition key of all its events)."""

    name: str
    key: str | None = None


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
        return cls(command.command_id, command.at, str(command.actor), **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is recorded beside an event's data."""

    at: datetime
    command_id: UUID
    request_hash: str
    actor: str
    correlation: str
    causation: str | None
    traceparent: str | None
    key: str


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
        return f"{self.stream}/{self.version}"


@dataclass(frozen=True, slots=True)
class Write:
    """The events that one stream receives if it is still at `expected_version`; no events make it a guard."""

    stream: str
    key: str
    expected_version: int
    events: Sequence[Event]


def derived_uuid(*parts: object) -> UUID:
    """The same UUID for the same parts, for ever: `uuid5` over the parts joined by a bar."""
    return uuid5(NAMESPACE, "|".join(str(part) for part in parts))


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
