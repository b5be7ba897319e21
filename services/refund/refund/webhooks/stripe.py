"""Stripe's webhooks: `Stripe-Signature` over the bytes, and events that bear the refund with its metadata, or the
dispute, as Stripe calls a chargeback.

Written out, for the SDK would be needed by the process that serves HTTP; a test holds it against the SDK's own words.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, StrictInt, ValidationError

from refund.webhooks.port import ChargebackSaid, Malformed, Receive, Word
from shared.events.fields import ShortText
from shared.events.money import DECIMALS, Money
from shared.events.outside.chargeback import ChargebackResult
from shared.events.outside.ids import Id
from shared.http.request.webhooks import guard_recent, guard_signed

REFUND_ID = "makewhole_refund_id"
"""In a refund's metadata, as the gateway writes it."""
RESULTS = {
    "won": ChargebackResult.BUYER_NOT_PAID,
    "charge_refunded": ChargebackResult.BUYER_NOT_PAID,
    "lost": ChargebackResult.BUYER_PAID,
}
"""By a dispute's status: how it was decided; `charge_refunded` is a word of older versions of its API."""
OPEN = ("needs_response", "under_review")
"""The statuses of one that is open; in all others, as of an inquiry (`warning_…`), no bank has taken anything."""
NOT_AS_ISO = {"ISK": 2, "UGX": 2, "MGA": 0}
"""The decimals that Stripe counts these currencies in."""


class _Object(BaseModel):
    metadata: dict[str, str] | None = None


class _Dispute(BaseModel):
    id: Id
    amount: StrictInt
    currency: str
    charge: str | None = None
    payment_intent: str | None = None
    reason: ShortText | None = None
    status: str
    created: StrictInt

    def said(self, at: int) -> ChargebackSaid | None:
        """As it was when the message was made; None where no bank has taken anything."""
        result = RESULTS.get(self.status)
        if not result and self.status not in OPEN:
            return None
        return ChargebackSaid(
            chargeback_id=self.id,
            payment_ids=[name for name in (self.payment_intent, self.charge) if name],
            amount=money_of(self.amount, self.currency.upper()),
            reason_code=self.reason,
            opened_at=datetime.fromtimestamp(self.created, UTC),
            result=result,
            resolved_at=datetime.fromtimestamp(at, UTC) if result else None,
        )


class _Data(BaseModel):
    object: dict[str, Any]


class _Event(BaseModel):
    id: str
    created: StrictInt = 0
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
        about = event.data.object
        match about.get("object"):
            case "refund":
                return Word(event.id, (_Object.model_validate(about).metadata or {}).get(REFUND_ID))
            case "dispute":
                return Word(event.id, None, _Dispute.model_validate(about).said(event.created))
    except ValidationError as error:
        raise Malformed from error
    return Word(event.id, None)


def money_of(units: int, currency: str) -> Money:
    """The amount of so many of Stripe's units; Malformed where there is none."""
    if (decimals := DECIMALS.get(currency)) is None:
        raise Malformed
    more = decimals - NOT_AS_ISO.get(currency, decimals)
    whole, rest = (units * 10**more, 0) if more >= 0 else divmod(units, 10**-more)
    if rest:
        raise Malformed
    return Money(whole, currency, decimals)
