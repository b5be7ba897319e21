"""The sandbox's webhooks, in the form of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, BaseModel, ValidationError

from refund.webhooks.port import ChargebackSaid, Malformed, Receive, Word
from shared.events.fields import ShortText
from shared.events.money import Money
from shared.events.outside.chargeback import ChargebackResult
from shared.events.outside.ids import Id
from shared.http.request.webhooks import key_of, verified


class _About(BaseModel):
    refund_id: str | None = None


class _Chargeback(BaseModel):
    id: Id
    order_id: Id
    payment_id: Id
    amount: Money
    reason_code: ShortText | None
    at: AwareDatetime
    result: ChargebackResult | None
    decided_at: AwareDatetime | None

    @property
    def said(self) -> ChargebackSaid:
        about = self.id, (self.payment_id,), self.amount, self.reason_code, self.at
        return ChargebackSaid(*about, self.order_id, self.result, self.decided_at)


class _Message(BaseModel):
    type: str
    data: dict[str, Any]


def sandbox_webhooks(secrets: Sequence[str]) -> Receive:
    """The plug-in: `whsec_<base64>`."""
    keys = [key_of(secret) for secret in secrets]

    def receive(headers: Mapping[bytes, bytes], body: bytes, now: float) -> Word:
        event_id = verified(keys, headers, body, now)
        try:
            return _word(event_id, _Message.model_validate_json(body))
        except ValidationError as error:
            raise Malformed from error

    return receive


def _word(event_id: str, message: _Message) -> Word:
    match message.type.partition(".")[0]:
        case "refund":
            return Word(event_id, _About.model_validate(message.data).refund_id)
        case "chargeback":
            return Word(event_id, None, _Chargeback.model_validate(message.data).said)
    return Word(event_id, None)
