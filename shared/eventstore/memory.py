"""Event store in memory, for laws and unit tests; it passes the same contract tests as the one on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.decider import Start
from shared.events import codec
from shared.events.base import Event, Personal, StreamOfKey
from shared.events.codec import Encode
from shared.events.envelope import Cause, Metadata, Recorded, Stored, Write
from shared.eventstore.errors import WrongExpectedVersion
from shared.eventstore.rows import Append, Deadlines, encode_append
from shared.eventstore.store import no_deadlines


class MemoryEventStore:
    """The log as a list. `deadlines` and `personal` are what the tables of these names would hold."""

    def __init__(self, deadlines: Deadlines = no_deadlines, encode: Encode = codec.encode) -> None:
        self.log: list[Recorded[Event]] = []
        self.deadlines: dict[tuple[str, str], datetime] = {}
        self.personal: dict[str, Personal] = {}
        self._deadlines = deadlines
        self._encode = encode

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        """The events of each stream; an unknown stream has none, nor has one of an unknown first stream's key."""
        first = self._stream(streams[0]) if isinstance(streams[0], str) else []
        return [
            self._stream(stream if isinstance(stream, str) else stream.named(first[0].metadata.key).name)
            if first or isinstance(stream, str)
            else []
            for stream in streams
        ]

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        """Records all writes or none; the position of the last event."""
        self.encoded(writes, cause)
        if any(len(self._stream(write.stream)) != write.expected_version for write in writes):
            return self._repeated(writes, cause)
        for write in writes:
            for version, event in enumerate(write.events, write.expected_version + 1):
                self.log.append(
                    Recorded(write.stream, version, len(self.log) + 1, event, Metadata.of(cause, write.key))
                )
                self._follow(write.stream, event)
        for text in cause.personal:
            self.personal.setdefault(text.ref, text)
        return len(self.log)

    def encoded(self, writes: Sequence[Write], cause: Cause) -> Append:
        """The append as the other store would send it; raises what is refused."""
        return encode_append(writes, cause, self._encode, self._deadlines)

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        """The log behind a position, in order, at most `limit` events as they are stored."""
        return [codec.stored(recorded, self._encode) for recorded in self.log[max(after, 0) : max(after, 0) + limit]]

    async def head(self) -> int:
        """The position of the last event, 0 where there is none."""
        return len(self.log)

    def _stream(self, stream: str) -> list[Recorded[Event]]:
        return [recorded for recorded in self.log if recorded.stream == stream]

    def _follow(self, stream: str, event: Event) -> None:
        for change in self._deadlines(stream, event):
            if isinstance(change, Start):
                self.deadlines[stream, change.kind] = change.due_at
            else:
                self.deadlines.pop((stream, change.kind), None)

    def _repeated(self, writes: Sequence[Write], cause: Cause) -> int:
        positions: list[int] = []
        for write in writes:
            there = self._stream(write.stream)[write.expected_version : write.expected_version + len(write.events)]
            wanted = [(event, Metadata.of(cause, write.key)) for event in write.events]
            if [(recorded.event, recorded.metadata) for recorded in there] != wanted:
                raise WrongExpectedVersion(write.stream)
            positions.extend(recorded.position for recorded in there)
        return max(positions)
