"""Messages: what a command and an event are, and the streams that a command names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, ClassVar, NamedTuple
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema


def wire_time(instant: datetime) -> str:
    """The instant as RFC 3339 in UTC with microseconds and a Z: fixed width, so that text order is time order."""
    # A third of the time that isoformat takes, and every event and answer holds several instants; a cache would take
    # longer, for the hash of one that was read from JSON asks for its offset.
    text = orjson.dumps(instant, None, orjson.OPT_UTC_Z).decode()
    if not text.endswith('Z"'):
        return wire_time(instant.astimezone(UTC))
    return text[1:-1] if instant.microsecond else f"{text[1:-2]}.000000Z"


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
        """What is recorded of whom: the roles, and a name that stands for the party id without telling it."""
        name = self.id if "system" in self.roles else pseudonym(self.id)
        return f"{'+'.join(sorted(self.roles))}:{name}"


@lru_cache(maxsize=4096)
def pseudonym(party_id: str) -> str:
    """The same short name for the same party, for ever: an id is often an address of mail, and a log is for ever too.

    Whoever knows the id can compute it, so it is no secret; it keeps out of log and topics what stands nowhere else.
    """
    return f"pty_{hashlib.sha256(party_id.encode()).hexdigest()[:24]}"


SYSTEM = Actor(id="makewhole", roles=frozenset({"system"}))


class Value(Message):
    """A part of an event. A member that it does not know is passed over: an older reader meets a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Value):
    """A fact, in the past tense. Its type name is stored: never rename one."""

    schema_version: ClassVar[int] = 1


class Command(Message):
    """What somebody wants to happen, in the imperative. It may be refused.

    `at` is the instant at which it is decided (the domain's clock); `command_id` makes a repeat recognisable.
    """

    command_id: UUID
    actor: Actor
    at: Instant

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        """The streams that it decides on, first the one that it always changes."""
        raise NotImplementedError(type(self).__name__)

    @property
    def first_stream(self) -> StreamName:
        """The first of its streams, which it names itself."""
        first = self.streams[0]
        assert isinstance(first, StreamName)
        return first

    @property
    def personal(self) -> Sequence[Personal]:
        """The text about people that it brings, to be stored beside the log."""
        return ()


class StreamName(NamedTuple):
    """A stream and, where this command may begin it, its key for life (the partition key of all its events)."""

    name: str
    key: str | None = None


class StreamOfKey(NamedTuple):
    """The stream of another category whose id is the first stream's key: the order of a dispute."""

    category: str

    def named(self, key: str) -> StreamName:
        return StreamName(f"{self.category}-{key}")


class Personal(NamedTuple):
    """Text about a person, stored beside the log under the `ref` that the event carries, so that it can be erased."""

    ref: str
    subject: str
    kind: str
    body: str
