"""Kafka records and the ports of publisher and source, free of the client library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way to a partition of the publisher's topic."""

    partition: int
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Ack:
    """Where a record stands; offset -1 where the broker knew it already and no longer knows where."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes
    made: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was read from it, kept for whoever reads the same record next."""

    def header(self, name: str) -> str | None:
        """The text of a header, of the first one where there are several."""
        return next((text.decode() for key, text in self.headers if key == name), None)
