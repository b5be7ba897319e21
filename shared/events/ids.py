"""Ids: derived from what makes something the same, never random, and carrying their key's slot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

from shared.events.slot import id_in_slot, slot_of, slot_of_stream

NAMESPACE = UUID("6f1d6a52-8a64-5c0e-9a4e-6d616b657768")
_BEGUN = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)
"""Copied for each id: to begin it anew takes longer than all the rest."""
_FREE = ~(0xF << 76 | 0x3 << 62)
_VERSION_5 = 0x5 << 76 | 0x2 << 62


def derived_uuid(*parts: object) -> UUID:
    """The same UUID for the same parts, for ever: `uuid5` over the parts joined by a bar."""
    return UUID(int=_name_based(_joined(parts)))


def _joined(parts: Iterable[object]) -> str:
    return "|".join(map(str, parts))


def _name_based(text: str) -> int:
    """The number of a text's `uuid5` (RFC 9562, 5.5), which takes four times as long."""
    hashed = _BEGUN.copy()
    hashed.update(text.encode())
    return int.from_bytes(hashed.digest()[:16]) & _FREE | _VERSION_5


def _digits(*parts: object) -> str:
    """The hex digits of the parts' UUID."""
    return f"{_name_based(_joined(parts)):032x}"


def framed_uuid(*texts: str) -> UUID:
    """The same UUID for the same texts, for ever: `uuid5` over each text behind its length in bytes.

    For texts from outside, which may hold any character: so joined, no two lists of them read alike.
    """
    return UUID(int=_name_based("".join([f"{len(text.encode())}:{text}" for text in texts])))


def derived_id(prefix: str, key: str, *parts: object) -> str:
    """A public id such as `dsp_…` that follows from its parts and carries the slot of `key`, its order's id.

    A name and no secret: whoever knows the parts knows it.
    """
    return id_in_slot(slot_of(key), prefix, _digits(prefix, *parts))


def derived_id_beside(stream: str, prefix: str, *parts: object) -> str:
    """The same where only a stream is at hand: it carries that stream's slot. ValueError where the stream has none."""
    if (slot := slot_of_stream(stream)) is None:
        raise ValueError(f"{stream} carries no slot")
    return id_in_slot(slot, prefix, _digits(prefix, *parts))


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, each ended by a zero byte, in hex."""
    return hashlib.sha256(b"".join([part + b"\0" for part in parts])).hexdigest()
