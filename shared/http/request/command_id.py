"""Idempotency: the Idempotency-Key of a request, and the command id that it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from shared.events.ids import digest, framed_uuid
from shared.faults import Faults, fault
from shared.http.problems import Refusal
from shared.http.request.json_text import canonical

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")


def idempotency_key(headers: Mapping[bytes, bytes], required: bool) -> tuple[str | None, Faults]:
    """The key, and what is wrong with it; 400 where a required one is missing."""
    key = headers.get(b"idempotency-key")
    if key is None and required:
        raise Refusal(
            "idempotency_key_required",
            "Choose a new key for each new command, and repeat it when you repeat the command.",
        )
    if key is not None and not _KEY.fullmatch(key):
        detail = "A key is 1 to 255 visible ASCII characters."
        return None, [fault(("header", "Idempotency-Key"), "idempotency_key", detail)]
    return (None if key is None else key.decode("latin-1")), []


class RequestIdentity(NamedTuple):
    """What makes a request the same one: its method, its path, its canonical body, and the order that a JSON body
    names.
    """

    method: str
    path: str
    body: bytes = b""
    order_id: str | None = None

    @classmethod
    def of(cls, method: str, path: str, value: Any) -> RequestIdentity:
        """Of a request with this JSON value."""
        order = value.get("order_id") if isinstance(value, dict) else None
        return cls(method, path, canonical(value), order if isinstance(order, str) else None)

    @property
    def digest(self) -> str:
        """The hash that tells another request under the same key."""
        return digest(self.method.encode(), self.path.encode(), self.body)

    def command_id(self, issuer: str, subject: str, key: str) -> UUID:
        """The id of the command that the key stands for: whose, at which route, and of which order.

        The order belongs to it, for two orders may have their logs in two databases: one could not know the other's.
        """
        order = [self.order_id] if self.order_id is not None else []
        return framed_uuid(issuer, subject, self.method, self.path, key, *order)
