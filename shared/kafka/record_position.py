"""Record position: where a relay's record stands, read strictly; what it does not fit is a stranger's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, cast
from uuid import UUID

from shared.events.envelope import attributes_of
from shared.events.fingerprint import fingerprint
from shared.kafka.records import Record
from shared.kafka.signatures import LogKeys, Unsigned

LAST_POSITION = 2**63 - 1


class Strange(Exception):
    """A record that is not the next one of the log that is followed; the message begins with the kind of reason."""


@dataclass(frozen=True, slots=True)
class RecordPosition:
    """In which log of which lineage a record stands, where there, and behind which position in its partition."""

    log_id: UUID
    lineage: str
    stream: str
    position: int
    previous: int
    attributes: Mapping[str, bytes]

    @classmethod
    def of(cls, record: Record) -> Self:
        """Where the record says that it stands; Strange where it makes no sense."""
        if found := record.made.get("position"):
            return cast(Self, found)
        try:
            position = record.made["position"] = cls._read(record, attributes_of(record.headers))
        except (KeyError, ValueError) as error:
            raise Strange(f"malformed: {type(error).__name__}: {error}") from None
        return position

    def believe(self, record: Record, keys: LogKeys | None) -> None:
        """Strange where there are keys and the record bears no signature by one of them."""
        if keys and record.made.get("believed by") is not keys:
            try:
                keys.verify(record.partition, self.attributes, record.key or b"", record.value)
            except Unsigned as error:
                raise Strange(f"unsigned: {error}") from None
            record.made["believed by"] = keys

    def fingerprint(self, record: Record) -> str:
        """What tells the record's event from another one at this place."""
        if not (found := record.made.get("fingerprint")):
            ids = self.attributes.get("ce_id", b""), self.attributes.get("ce_commandid", b"")
            found = record.made["fingerprint"] = fingerprint(*ids, record.value)
        return str(found)

    @classmethod
    def _read(cls, record: Record, attributes: Mapping[str, bytes]) -> Self:
        if attributes["ce_partitionkey"] != record.key:
            raise ValueError("its key is not its event's")
        position, previous = _position(attributes["ce_position"]), _position(attributes["ce_previous"])
        if previous >= position:
            raise ValueError("it stands before its predecessor")
        lineage = attributes.get("ce_loglineage", b"").decode()
        return cls(
            _log(attributes["ce_logid"]), lineage, _text(attributes["ce_subject"]), position, previous, attributes
        )


def _position(digits: bytes) -> int:
    # Python reads more than digits as a number, and numbers that no column holds.
    if not digits.isdigit() or len(digits) > 19 or (position := int(digits)) > LAST_POSITION:
        raise ValueError("its position is no position")
    return position


def _text(text: bytes) -> str:
    if not text or b"\x00" in text:
        raise ValueError("its stream has no name")
    return text.decode()


@lru_cache(maxsize=64)
def _log(text: bytes) -> UUID:
    return UUID(text.decode())
