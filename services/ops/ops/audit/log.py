"""Log: positions without a hole, versions without a gap, every event readable, every acknowledged command in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ops.audit.check import Check
from ops.audit.entry import Entry
from shared.events.slot import SlotPosition


class LogCheck:
    """Sees a service's log in the order of its positions."""

    def __init__(self, service: str) -> None:
        self.check = Check.of(f"log {service}", "holes", "gaps", "rekeyed", "unreadable")
        self.check.see("events", 0)
        self._position = 0
        self._streams: dict[str, tuple[int, str]] = {}

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        self.check.see("events")
        if entry.position != self._position + 1:
            self.check.fault("holes", f"{entry.position} follows {self._position}")
        version, key = self._streams.get(entry.stream, (0, entry.key))
        if entry.version != version + 1:
            self.check.fault("gaps", f"{entry.id} follows version {version}")
        if entry.key != key:
            self.check.fault("rekeyed", f"{entry.id} has key {entry.key} and not {key}")
        self._position, self._streams[entry.stream] = entry.position, (entry.version, key)

    def unreadable(self, entry: Entry, error: Exception) -> None:
        """An event that this version cannot read."""
        self.check.fault("unreadable", f"{entry.id}: {type(error).__name__}: {error}")

    def result(self) -> Check:
        """What was found."""
        self.check.see("streams", len(self._streams))
        return self.check


class JournalCheck:
    """Acknowledgements: every acknowledged position is in the log, with the command that was acknowledged."""

    def __init__(self, acknowledged: Iterable[Mapping[str, Any]], service: str) -> None:
        self.check = Check.of(f"acknowledged {service}", "lost", "others", "twice")
        self._awaited: dict[int, str | None] = {}
        for ack in acknowledged:
            if ack["service"] == service:
                self._expect(SlotPosition.parse(ack["position"]).position, ack.get("command_id"))

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        if entry.position in self._awaited:
            command = self._awaited.pop(entry.position)
            self.check.see("found")
            if command not in (None, entry.command_id):
                self.check.fault(
                    "others", f"{entry.position} is of command {entry.command_id}, acknowledged was {command}"
                )

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
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        entry = from_json(line) if line.strip() else None
        if entry is not None and (not isinstance(entry, dict) or not {"service", "position"} <= entry.keys()):
            raise ValueError(f"line {number} of the journal has no service and position")
        if entry:
            found.append(entry)
    return found
