"""Webhooks: what an outside system sends by itself, signed and dated, so that nobody else is heard, and nothing old.

The form is that of Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` over the bytes.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence

AGE = 300.0
"""Seconds of real time that a message may be old, or its sender's clock ahead."""
PREFIX = "whsec_"
"""What a secret begins with; the rest is its key in base64."""

Headers = Mapping[bytes, bytes]


class Untrusted(Exception):
    """Nobody who knows the secret has sent it, or not now."""


def key_of(secret: str) -> bytes:
    """The key of a secret; ValueError where it is none, which does not repeat it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or len(key) < 16:
        raise ValueError(f"a secret is {PREFIX} and at least 16 bytes in base64")
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of one version of the form."""
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def signed_headers(key: bytes, message_id: str, at: float, body: bytes) -> Mapping[str, str]:
    """What a sender adds to its message."""
    timestamp = str(int(at))
    named = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    return {**named, "webhook-signature": signature(key, message_id, timestamp, body)}


def verified(keys: Sequence[bytes], headers: Headers, body: bytes, now: float) -> str:
    """The id of a message that somebody with one of the keys has sent a short while ago; Untrusted else."""
    message_id, timestamp, signatures = (
        headers.get(name, b"").decode("latin-1") for name in (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    )
    guard_signed((signature(key, message_id, timestamp, body) for key in keys), signatures.split(" "))
    guard_recent(timestamp, now)
    if not message_id:
        raise Untrusted("it has no id")
    return message_id


def guard_signed(right: Iterable[str], sent: Sequence[str]) -> None:
    """Untrusted unless one of the signatures that were sent is one of the right ones; all are compared, whichever."""
    if not any([hmac.compare_digest(one.encode(), other.encode()) for one in right for other in sent]):
        raise Untrusted("its signature is none of ours")


def guard_recent(timestamp: str, now: float) -> None:
    """Untrusted where it was signed too long ago, or is to be signed yet."""
    if not (timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp)) <= AGE):
        raise Untrusted(f"it was not sent within {AGE:.0f} s")
