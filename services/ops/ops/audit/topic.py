"""Topic = log: the same events in the log's order, each record under its stream's key."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ops.audit.check import Check
from ops.audit.entry import Entry, Published, fingerprint
from shared.events.slot import slot_of
from shared.eventstore.log_identity import LogIdentity


@dataclass(frozen=True, slots=True)
class _LogEvent:
    position: int
    key: str
    print: bytes


class TopicCheck:
    """Sees the log first, then the topic's records, each partition's in order; all up to `relayed` must have been
    published.
    """

    def __init__(self, service: str, identity: LogIdentity, relayed: int) -> None:
        self.check = Check.of(f"topic {service}", "missing", "extra", "disordered", "misplaced", "different", "waiting")
        for what in ("events", "records", "repeated"):
            self.check.see(what, 0)
        self._identity = identity
        self._relayed = relayed
        self._log: dict[str, _LogEvent] = {}
        self._seen: set[str] = set()
        self._reached: dict[int, int] = {}
        self._head = 0

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        self.check.see("events")
        self._log[entry.id] = _LogEvent(entry.position, entry.key, fingerprint(entry.type, entry.data))
        self._head = entry.position
        if entry.position > self._relayed:
            self.check.fault("waiting", f"{entry.id} at {entry.position}: the relay is at {self._relayed}")

    def publish(self, record: Published) -> None:
        """The next record of a partition."""
        self.check.see("records")
        if not self._is_of_this_log(record):
            self.check.see("of_other_logs")
        elif record.id is None or record.id not in self._log:
            self._unknown(record)
        elif record.id in self._seen:
            self.check.see("repeated")
        else:
            self._first(record, record.id, self._log[record.id])

    def result(self) -> Check:
        """What was found, once both were seen."""
        for name, event in self._log.items():
            if name not in self._seen and event.position <= self._relayed:
                self.check.fault("missing", f"{name} at {event.position}")
        return self.check

    def _is_of_this_log(self, record: Published) -> bool:
        try:
            return self._identity.includes(UUID(record.log_id or ""), record.position)
        except ValueError:
            return False

    def _unknown(self, record: Published) -> None:
        if record.position > self._head:
            self.check.see("newer")  # appended after the log was read
        else:
            self.check.fault("extra", f"{record.id} at {record.position} in partition {record.partition}")

    def _first(self, record: Published, name: str, event: _LogEvent) -> None:
        self._seen.add(name)
        if record.position <= self._reached.get(record.partition, 0) or record.position != event.position:
            self.check.fault("disordered", f"{name} at {record.position} in partition {record.partition}")
        self._reached[record.partition] = max(record.position, self._reached.get(record.partition, 0))
        if record.key != event.key.encode() or record.partition != slot_of(event.key) % self._identity.partitions:
            self.check.fault("misplaced", f"{name} with key {record.key!r} in partition {record.partition}")
        if record.print != event.print:
            self.check.fault("different", name)
