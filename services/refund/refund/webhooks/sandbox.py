"""The sandbox's webhooks, in the form of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from refund.webhooks.port import Malformed, Receive, Word
from shared.http.request.webhooks import key_of, verified


class _About(BaseModel):
    refund_id: str | None = None


class _Message(BaseModel):
    type: str
    data: _About


def sandbox_webhooks(secrets: Sequence[str]) -> Receive:
    """The plug-in: `whsec_<base64>`."""
    keys = [key_of(secret) for secret in secrets]

    def receive(headers: Mapping[bytes, bytes], body: bytes, now: float) -> Word:
        event_id = verified(keys, headers, body, now)
        try:
            message = _Message.model_validate_json(body)
        except ValidationError as error:
            raise Malformed from error
        return Word(event_id, message.data.refund_id if message.type.startswith("refund.") else None)

    return receive
