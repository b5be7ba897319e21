"""Stripe's refunds: their shape, the units of their amounts, and what each state of one means to us."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, StrictInt

from refund.gateways.port import Answer, Declined, Issued, Pending, RefundCall, Said
from shared.events.money import Money
from shared.events.refund import Destination

# Not those of ISO 4217: MGA is counted in whole units, ISK and UGX in hundredths that are always zero.
WHOLE_UNITS = {
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
}
THOUSANDTHS = {"BHD", "JOD", "KWD", "OMR", "TND"}

REFUND_ID, KEY = "makewhole_refund_id", "makewhole_key"
"""In a refund's metadata: the refund's own id, by which it is found for as long as Stripe keeps it, and the key."""


class StripeRefund(BaseModel):
    """A refund as Stripe shows it: what is read of it."""

    id: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: StrictInt
    currency: str
    charge: str | None = None
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] = {}

    @property
    def is_final(self) -> bool:
        """Whether it stays what it is, as far as we have asked for it."""
        return self.status not in ("pending", "requires_action")

    @property
    def has_failed(self) -> bool:
        """Whether no money goes."""
        return self.status in ("failed", "canceled")

    def is_of(self, call: RefundCall) -> bool:
        """Whether it was made for this refund, under whichever key."""
        return self.metadata.get(REFUND_ID) == call.refund_id

    def is_under_key_of(self, call: RefundCall) -> bool:
        """Whether it was made by this very attempt."""
        return self.metadata.get(KEY) == call.idempotency_key

    def answer_to(self, call: RefundCall) -> Answer | Pending:
        """What it says to the call."""
        said = self._said(call)
        if self.has_failed:
            return Declined(self.failure_reason or self.status, said)
        return Issued(self.id, said) if self.is_final else Pending(self.id, said)

    def _said(self, call: RefundCall) -> Said:
        currency = self.currency.upper()
        return Said(
            refund_id=self.metadata.get(REFUND_ID, ""),
            payment_id=(self.charge if is_charge(call.payment_id) else self.payment_intent) or "",
            amount=Money(self.amount, currency, exponent_of(currency)).amount,
            currency=currency,
            destination=Destination.ORIGINAL.value,
        )


def said_of(call: RefundCall) -> Said:
    """What a refusal is about, which does not say it: the call."""
    return Said(call.refund_id, call.payment_id, call.amount.amount, call.amount.currency, call.destination.value)


def is_charge(payment_id: str) -> bool:
    """Whether the payment is known by its charge; else by its payment intent."""
    return payment_id.startswith(("ch_", "py_"))


def exponent_of(currency: str) -> int:
    """The decimals that Stripe counts a currency in."""
    return 0 if currency in WHOLE_UNITS else 3 if currency in THOUSANDTHS else 2


def units_of(amount: Money) -> int | None:
    """The amount in Stripe's units; None where it has none so small."""
    more = exponent_of(amount.currency) - amount.exponent
    if more >= 0:
        units: int = amount.minor * 10**more
        return units
    whole, rest = divmod(amount.minor, 10**-more)
    return None if rest else whole
