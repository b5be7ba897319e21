"""Log: positions without a hole, versions without a gap, every event readable, every command carried out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from ops.audit.check import Check
from ops.audit.entry import Entry


class LogCheck:
    """Sees a service's log twice: in the order of its positions, and stream by stream."""

    def __init__(self, service: str) -> None:
        self.check = Check.of(
            f"log {service}", "holes", "disordered", "gaps", "rekeyed", "unreadable", "homeless", "twice"
        )
        for what in ("events", "streams"):
            self.check.see(what, 0)
        self._position = 0

    def place(self, position: int) -> None:
        """The next position of the log."""
        self.check.see("events")
        if position != self._position + 1:
            self.check.fault("holes", f"{position} follows {self._position}")
        self._position = position

    def unreadable(self, entry: Entry, error: Exception) -> None:
        """An event that the audit cannot read."""
        self.check.fault("unreadable", f"{entry.id}: {type(error).__name__}: {error}")

    def homeless(self, stream: str) -> None:
        """A stream of a category that the service has not."""
        self.check.fault("homeless", stream)


class StreamOrder:
    """Sees one stream in the order of its versions."""

    def __init__(self, check: Check) -> None:
        self._check = check
        check.see("streams")
        self._last: Entry | None = None
        self._commands: dict[str, int] = {}

    def add(self, entry: Entry) -> None:
        """The next entry of the stream."""
        last = self._last
        version, key = (last.version, last.key) if last else (0, entry.key)
        if entry.version != version + 1:
            self._check.fault("gaps", f"{entry.id} follows version {version}")
        if entry.key != key:
            self._check.fault("rekeyed", f"{entry.id} has key {entry.key} and not {key}")
        if last and entry.position <= last.position:
            self._check.fault("disordered", f"{entry.id} stands at {entry.position}, {last.id} at {last.position}")
        self._carried_out(entry)
        self._last = entry

    def _carried_out(self, entry: Entry) -> None:
        """One command's events of a stream stand side by side: more of them later, and it was carried out twice."""
        before = self._commands.get(entry.command_id, entry.version - 1)
        if before != entry.version - 1:
            self._check.fault("twice", f"{entry.id} is of command {entry.command_id}, as is version {before}")
        self._commands[entry.command_id] = entry.version


class JournalCheck:
    """Acknowledgements: every acknowledged position is in the log, with the command that was acknowledged."""

    def __init__(self, acknowledged: Iterable[Mapping[str, Any]], service: str) -> None:
        self.check = Check.of(f"acknowledged {service}", "lost", "others", "twice")
        self._awaited: dict[int, str | None] = {}
        for ack in acknowledged:
            if ack["service"] == service:
                self._expect(int(ack["position"].rpartition(".")[2]), ack.get("command_id"))

    def place(self, position: int, found: str) -> None:
        """The next position of the log, and the command that it is of."""
        if position in self._awaited:
            command = self._awaited.pop(position)
            self.check.see("found")
            if command not in (None, found):
                self.check.fault("others", f"{position} is of command {found}, acknowledged was {command}")

    def result(self) -> Check:
        """What was found."""
        for position in sorted(self._awaited):
            self.check.fault("lost", f"position {position}")
        return self.check

    def _expect(self, position: int, command: str | None) -> None:
        self.check.see("acknowledged")
        if self._awaited.setdefault(position, command) != command:
            self.check.fault("twice", f"position {position} was acknowledged to two commands")


def journal(path: Path) -> list[dict[str, Any]]:
    """The acknowledgements of a journal: JSON a line, `service`, `position` (the Makewhole-Position of the answer) and
    optionally `command_id`; ValueError names a bad line.
    """
    return read_lines(path, {"service", "position"}, "the journal")


def read_lines(path: Path, members: set[str], what: str) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line; ValueError names file and line where one is none, or lacks a member."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            read = orjson.loads(line) if line.strip() else None
        except ValueError:
            raise ValueError(f"line {number} of {what} ({path}) is no JSON") from None
        if read is not None and (not isinstance(read, dict) or not members <= read.keys()):
            raise ValueError(f"line {number} of {what} ({path}) has no {' and '.join(sorted(members))}")
        if read:
            found.append(read)
    return found
