"""Signatures: the service that owns a log vouches for each of its records, by a key that it shares with followers."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from struct import pack

SIGNATURE = "ce_signature"
"""The header: `<key id>:<HMAC-SHA256 in hex>`."""


class Unsigned(ValueError):
    """Nobody vouches for a record; the message says why."""


class LogKeys:
    """The keys of one log: the first one signs, and a record by any of them is believed; by none, where there are
    none.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {name.encode(): Key(key) for name, key in keys.items()}
        self._first = next(iter(self._keys), b"")

    def sign(self, partition: int, attributes: Mapping[str, bytes], key: bytes, data: bytes) -> bytes:
        """The value of the header, for a record on its way."""
        return self._first + b":" + self._keys[self._first].digest(signed_bytes(partition, attributes, key, data))

    def verify(self, partition: int, attributes: Mapping[str, bytes], key: bytes, data: bytes) -> None:
        """Unsigned where the record bears no signature by one of the keys."""
        if (signature := attributes.get(SIGNATURE)) is None:
            raise Unsigned("it bears no signature")
        name, _, digest = signature.partition(b":")
        if (secret := self._keys.get(name)) is None:
            raise Unsigned(f"it is signed by the key {name[:32]!r}, which is not among those of MAKEWHOLE_LOG_KEYS")
        if not hmac.compare_digest(digest, secret.digest(signed_bytes(partition, attributes, key, data))):
            raise Unsigned("its signature is wrong")


class Key:
    """HMAC-SHA256 (RFC 2104) by one key, whose part of the work is done once: half of what the library's call takes."""

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else sha256(key).digest()).ljust(64, b"\x00")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """In hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest().encode()


def signed_bytes(partition: int, attributes: Mapping[str, bytes], key: bytes, data: bytes) -> bytes:
    """All that followers read of a record, each part behind its length: two records never give the same bytes."""
    names, listed = _layout(tuple(attributes))
    parts = [listed, key, data, *[attributes[name] for name in names]]
    return pack(f">{1 + len(parts)}I", partition, *map(len, parts)) + b"".join(parts)


@lru_cache(maxsize=256)
def _layout(headers: tuple[str, ...]) -> tuple[tuple[str, ...], bytes]:
    # Sorted, and only CloudEvents' own: what carries records between clusters adds headers and shuffles them.
    names = tuple(sorted(name for name in headers if name.startswith("ce_") and name != SIGNATURE))
    return names, repr(names).encode()
