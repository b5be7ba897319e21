"""Entries: events as they stand in the log and in its topic, compared as JSON, past all classes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.events import codec
from shared.events.base import Event
from shared.events.envelope import Metadata, Recorded


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log, read for the audit by a query of its own."""

    position: int
    stream: str
    version: int
    key: str
    type: str
    data: str
    metadata: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.stream}/{self.version}"

    @property
    def command_id(self) -> str:
        return str(self.metadata.get("command_id"))

    def recorded(self) -> Recorded[Event]:
        """The event itself; UnknownEvent or ValueError where it cannot be read, KeyError where its metadata are not
        whole.
        """
        metadata = Metadata.from_members(self.metadata, self.key)
        return Recorded(self.stream, self.version, self.position, codec.decode(self.type, self.data), metadata)


@dataclass(frozen=True, slots=True)
class Published:
    """A record of a topic as far as the audit compares it."""

    partition: int
    key: bytes | None
    id: str | None
    position: int
    log_id: str | None
    print: bytes


def fingerprint(type_name: str, data: str | bytes) -> bytes:
    """Eight bytes that are equal for the same JSON, whatever the order of its members and its white space."""
    return hashlib.blake2b(type_name.encode() + b"\0" + _sorted(data), digest_size=8).digest()


def _sorted(data: str | bytes) -> bytes:
    try:
        return orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return data.encode() if isinstance(data, str) else data
