"""Deadlines folded from a log: the rows that the table `deadlines` must hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.decider import Clear, Decider, Start
from shared.events.base import Event
from shared.events.envelope import Recorded

Place = tuple[str, str]
"""A stream and the kind of one of its deadlines."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a row of the table says: when its stream is asked, and under which key the answer is recorded."""

    due_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Called:
    """A deadline that an event has called for; `wanted` while the state of its stream still wants it."""

    due: Due
    wanted: bool


class DeadlinesOfLog:
    """Sees a log's events one after the other."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._states: dict[str, Any] = {}
        self._versions: dict[str, int] = {}
        self.unread: set[str] = set()
        self._started: dict[Place, Due] = {}

    def add(self, recorded: Recorded[Event]) -> None:
        """The next event of the log."""
        stream, event = recorded.stream, recorded.event
        if stream.partition("-")[0] not in self._decider.streams:  # a newer version's
            self.unreadable(stream)
        if stream in self.unread:
            return
        self._versions[stream] = recorded.version
        self._states[stream] = self._decider.fold(stream, (event,), self._states.get(stream))
        for change in self._decider.deadlines(stream, event):
            match change:
                case Start(kind, due_at):
                    self._started[stream, kind] = Due(due_at, recorded.metadata.key)
                case Clear(kind):
                    self._started.pop((stream, kind), None)

    def unreadable(self, stream: str) -> None:
        """The next event cannot be read here, so what its stream calls for is unknown."""
        self.unread.add(stream)

    def version(self, stream: str) -> int:
        """How many events of the stream were seen."""
        return self._versions.get(stream, 0)

    def knows(self, stream: str, kind: str) -> bool:
        """Whether this version can say what the stream calls for, of this kind."""
        return stream not in self.unread and kind.partition(":")[0] in self._decider.kinds

    def called(self) -> dict[Place, Called]:
        """By stream and kind, what was started and not cleared; a kind that this version does not know counts as
        wanted.
        """
        return {
            (stream, kind): Called(due, self._wanted(stream, kind, due.due_at))
            for (stream, kind), due in self._started.items()
        }

    def _wanted(self, stream: str, kind: str, due_at: datetime) -> bool:
        return not self.knows(stream, kind) or self._decider.due(stream, self._states[stream], kind) == due_at
