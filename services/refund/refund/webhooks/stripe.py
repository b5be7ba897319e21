"""Stripe's webhooks: `Stripe-Signature` over the bytes, and events that bear the refund with its metadata.

Written out, for the SDK would be needed by the process that serves HTTP; a test holds it against the SDK's own words.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ValidationError

from refund.webhooks.port import Malformed, Receive, Word
from shared.http.request.webhooks import guard_recent, guard_signed

REFUND_ID = "makewhole_refund_id"
"""In a refund's metadata, as the gateway writes it."""


class _Object(BaseModel):
    object: str = ""
    metadata: dict[str, str] | None = None


class _Data(BaseModel):
    object: _Object


class _Event(BaseModel):
    id: str
    data: _Data


def stripe_webhooks(secrets: Sequence[str]) -> Receive:
    """The plug-in: the signing secret of the endpoint, `whsec_…`."""
    if not all(secret.startswith("whsec_") and len(secret) >= 24 for secret in secrets):
        raise ValueError("stripe's signing secrets begin with whsec_")
    keys = [secret.encode() for secret in secrets]

    def receive(headers: Mapping[bytes, bytes], body: bytes, now: float) -> Word:
        parts = list(_parts(headers.get(b"stripe-signature", b"").decode("latin-1")))
        timestamp = next((value for name, value in parts if name == "t"), "")
        right = (hmac.new(key, f"{timestamp}.".encode() + body, "sha256").hexdigest() for key in keys)
        guard_signed(right, [value for name, value in parts if name == "v1"])
        guard_recent(timestamp, now)
        return _word(body)

    return receive


def _parts(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        yield name, value


def _word(body: bytes) -> Word:
    try:
        event = _Event.model_validate_json(body)
    except ValidationError as error:
        raise Malformed from error
    about = event.data.object
    return Word(event.id, (about.metadata or {}).get(REFUND_ID) if about.object == "refund" else None)
