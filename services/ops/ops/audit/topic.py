"""Topic = log: every event once, in the log's order, each record the row's bytes under its stream's key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka.partitioner import murmur2

from ops.audit.check import Check
from ops.audit.signature import is_signed

LAST_POSITION = 2**63 - 1

HEADERS = {
    "at": "ce_time",
    "command_id": "ce_commandid",
    "actor": "ce_actor",
    "correlation": "ce_correlationid",
    "causation": "ce_causationid",
    "traceparent": "ce_traceparent",
}
"""By member of the metadata: its header; another member bears its own name behind `ce_`."""
PRIVATE = "request_hash"
_FORMER = re.compile(r"([0-9a-f-]{36})@([0-9]+)")


@dataclass(frozen=True, slots=True)
class Log:
    """Which log it is: its id, its former ids each with the last position that it shares, and how it is published."""

    log_id: str
    partitions: int
    lineage: str
    source: str
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By key id, where its records are signed."""

    def holds(self, log_id: str, position: int) -> bool:
        """Whether what that log held at the position stands in this one too."""
        former = {name: int(shared) for name, shared in _FORMER.findall(self.lineage)}
        return log_id == self.log_id or position <= former.get(log_id, -1)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the topic as it lies there."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, bytes]

    @property
    def position(self) -> int:
        """The position that it names; 0 where it names none."""
        text = self.headers.get("ce_position", b"")
        return int(text) if text.isdigit() and len(text) < 20 and int(text) <= LAST_POSITION else 0

    def text(self, name: str) -> str:
        return self.headers.get(name, b"").decode(errors="replace")


class TopicCheck:
    """Sees the topic's records, each partition's in order, a batch at a time with the rows that they name.

    The log counts up to `head`; all up to `relayed` must have been published. Of the `watched` places (partition and
    offset) those that hold a sound record of the log are `own`.
    """

    def __init__(
        self, service: str, log: Log, head: int, relayed: int, watched: Collection[tuple[int, int]] = ()
    ) -> None:
        self.check = Check.of(f"topic {service}", "missing", "extra", "disordered", "misplaced", "different", "waiting")
        self.check.see("events", head)
        for what in ("records", "repeated"):
            self.check.see(what, 0)
        self._log, self._head, self._relayed = log, head, relayed
        self._seen = bytearray(head // 8 + 1)  # a bit an event
        self._reached: dict[int, int] = {}
        self._watched = watched
        self.own: set[tuple[int, int]] = set()
        if head > relayed:
            self.check.fault("waiting", f"positions {relayed + 1} to {head}: the relay is at {relayed}")
            self.check.faults["waiting"] = head - relayed

    def add(self, records: Sequence[Record], rows: Mapping[int, Mapping[str, Any]]) -> None:
        """More records of the topic, and the log's rows by position."""
        for record in records:
            self.check.see("records")
            if not self._log.holds(record.text("ce_logid"), record.position):
                self.check.see("of_other_logs")
            elif self._log.keys and not is_signed(
                self._log.keys, record.partition, record.headers, record.key, record.value
            ):
                self.check.see("unsigned")  # nobody vouches for it, and no follower takes it
            elif record.position > self._head:
                self.check.see("newer")
            elif not (row := rows.get(record.position)) or record.text("ce_id") != _id(row):
                self.check.fault("extra", f"{record.text('ce_id')} at {record.position} {_place(record)}")
            else:
                self._compare(record, row)

    def result(self) -> Check:
        """What was found, once the topic was seen."""
        for position in range(1, min(self._relayed, self._head) + 1):
            if not self._is_seen(position):
                self.check.fault("missing", f"position {position}")
        return self.check

    def _compare(self, record: Record, row: Mapping[str, Any]) -> None:
        if self._is_seen(record.position):
            self.check.see("repeated")
        elif record.position <= self._reached.get(record.partition, 0):
            self.check.fault("disordered", f"{_id(row)} at {record.position} {_place(record)}")
        self._seen[record.position // 8] |= 1 << record.position % 8
        self._reached[record.partition] = max(record.position, self._reached.get(record.partition, 0))
        key = row["key"].encode()
        if record.key != key or record.partition != (murmur2(key) & 0x7FFFFFFF) % self._log.partitions:
            self.check.fault("misplaced", f"{_id(row)} with key {record.key!r} {_place(record)}")
        if wrong := self._differences(record, row):
            self.check.fault("different", f"{_id(row)} {_place(record)}: {', '.join(wrong)}")
        elif (place := (record.partition, record.offset)) in self._watched:
            self.own.add(place)

    def _is_seen(self, position: int) -> bool:
        return bool(self._seen[position // 8] & 1 << position % 8)

    def _differences(self, record: Record, row: Mapping[str, Any]) -> list[str]:
        wrong = [] if record.value == row["data"].encode() else ["value"]
        expected = expected_headers(row, self._log.source)
        return wrong + [name for name, value in expected.items() if record.headers.get(name) != value.encode()]


def expected_headers(row: Mapping[str, Any], source: str) -> dict[str, str]:
    """The headers that a row's record must bear; which log it is of, and more than these, may vary."""
    metadata = orjson.loads(row["metadata"])
    members = {name: value for name, value in metadata.items() if name != PRIVATE and isinstance(value, str)}
    return {
        **{HEADERS.get(name) or "ce_" + name.replace("_", ""): value for name, value in members.items()},
        "ce_specversion": "1.0",
        "ce_id": _id(row),
        "ce_source": source,
        "ce_type": row["type"],
        "ce_subject": row["stream"],
        "ce_dataschema": f"/schemas/{row['type']}.json",
        "content-type": "application/json",
        "ce_partitionkey": row["key"],
        "ce_sequence": str(row["version"]),
        "ce_position": str(row["position"]),
    }


def _id(row: Mapping[str, Any]) -> str:
    return f"{row['stream']}/{row['version']}"


def _place(record: Record) -> str:
    return f"in partition {record.partition} at offset {record.offset}"
