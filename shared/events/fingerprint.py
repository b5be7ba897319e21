"""Fingerprint: tells an event from another one that has come to stand at its place."""

from __future__ import annotations

from hashlib import blake2b

from shared.events.envelope import Stored


def fingerprint(event_id: bytes, command_id: bytes, data: bytes) -> str:
    """The digest of what makes an event itself: its id, the command that it follows from and its data."""
    return blake2b(b"\n".join((event_id, command_id, data)), digest_size=16).hexdigest()


def fingerprint_of(row: Stored) -> str:
    """The digest of an event as it stands in the log."""
    return fingerprint(row.id.encode(), str(row.metadata["command_id"]).encode(), row.data)
