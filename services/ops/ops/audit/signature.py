"""Signatures of records, by the audit's own reading of how they are made."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Mapping

SIGNATURE = "ce_signature"


def is_signed(
    keys: Mapping[str, bytes], partition: int, headers: Mapping[str, bytes], key: bytes | None, value: bytes
) -> bool:
    """Whether one of the log's keys has signed the record in this partition."""
    name, _, digest = headers.get(SIGNATURE, b"").partition(b":")
    if (secret := keys.get(name.decode(errors="replace"))) is None:
        return False
    message = _message(partition, headers, key or b"", value)
    # Bytes: what a stranger has written need not be ASCII, and as text it could not be compared.
    return hmac.compare_digest(digest, hmac.new(secret, message, hashlib.sha256).hexdigest().encode())


def _message(partition: int, headers: Mapping[str, bytes], key: bytes, value: bytes) -> bytes:
    """The partition, then each part behind its length: names of the headers, key, value, the headers by name."""
    names = tuple(sorted(name for name in headers if name.startswith("ce_") and name != SIGNATURE))
    parts = [repr(names).encode(), key, value, *(headers[name] for name in names)]
    numbers = struct.pack(f">{len(parts) + 1}I", partition, *(len(part) for part in parts))
    return numbers + b"".join(parts)
