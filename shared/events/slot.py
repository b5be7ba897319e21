"""Slots: every key belongs to one of 3072 for ever, and ids carry theirs, so that an id alone says where its streams
are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from struct import iter_unpack
from typing import NamedTuple, Self

SLOTS = 3072
"""Frozen, like the hash: ids and topics say it. 3 · 2^10 has many divisors, so partitions can be multiplied often."""

PREFIXES: Mapping[str, str] = {
    "conversation": "dsp",
    "dispute": "dsp",
    "evidence": "evd",
    "notification": "ntf",
    "refund": "rfd",
    "reminder": "dsp",
    "return": "ret",
    "warranty": "wty",
}
"""What begins an id of ours, by what it names: mostly the category of its stream. Such an id carries its slot.
The conversation and the reminders of a dispute are named by its id.
"""

KEYED_BY_NAME = frozenset({"label_quota", "order", "payment"})
"""The categories whose streams are named by their key: an id from outside, of which no letter means anything to us."""

_CARRIED = re.compile("_([0-9a-f]{3})")
_POSITION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,18})")
_LAST_POSITION = 2**63 - 1
_SEED, _FACTOR, _WORD = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


class SlotPosition(NamedTuple):
    """A position of the log together with the slot of what stands there: opaque text for clients."""

    slot: int
    position: int

    def __str__(self) -> str:
        return f"{self.slot}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that such a text names; ValueError where we have written no such text."""
        found = _POSITION.fullmatch(text)
        if not found or int(found[1]) >= SLOTS or int(found[2]) > _LAST_POSITION:
            raise ValueError(f"{text!r} is no position of ours")
        return cls(int(found[1]), int(found[2]))


@lru_cache(maxsize=4096)
def slot_of(key: str) -> int:
    """The slot of a key. Slot modulo partitions is the partition that Kafka's own clients choose for it."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % SLOTS


def slot_of_id(prefix: str, name: str) -> int | None:
    """The slot that an id of ours carries; None where it carries none and so can name nothing."""
    found = _CARRIED.match(name, len(prefix)) if name.startswith(prefix) else None
    slot = int(found[1], 16) if found else SLOTS
    return slot if slot < SLOTS else None


def slot_of_stream(stream: str) -> int | None:
    """The slot of a stream's key; None where the name's id carries none. KeyError for a category that is not listed
    here.
    """
    category, _, name = stream.partition("-")
    return slot_of(name) if category in KEYED_BY_NAME else slot_of_id(PREFIXES[category], name)


def id_in_slot(slot: int, prefix: str, digits: str) -> str:
    """An id that carries the slot in three hex digits, then the last 29 of a UUID's."""
    return f"{prefix}_{slot:03x}{digits[-29:]}"


def divides(partitions: int) -> bool:
    """Whether a topic may have so many partitions: each then holds whole slots."""
    return partitions > 0 and SLOTS % partitions == 0


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 of Kafka's Java producer, without a sign."""
    hashed = _SEED ^ len(data)
    whole = len(data) & ~3
    for (word,) in iter_unpack("<I", data[:whole]):
        mixed = word * _FACTOR & _WORD
        hashed = (hashed * _FACTOR & _WORD) ^ ((mixed ^ mixed >> 24) * _FACTOR & _WORD)
    if rest := data[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _FACTOR & _WORD
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _WORD
    return hashed ^ hashed >> 15
