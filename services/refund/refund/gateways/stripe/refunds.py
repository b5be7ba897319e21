"""Stripe's refunds: their shape, the units of their amounts, and what each state of one means to us."""

from __future__ import annotations

from pydantic import BaseModel, StrictInt

from refund.gateways.port import Answer, Declined, Issued, Pending, RefundCall, Said, Unanswered
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
    status: str | None
    amount: StrictInt
    currency: str
    charge: str | None = None
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None

    @property
    def is_final(self) -> bool:
        """Whether it stays what it is, as far as we have asked for it."""
        return self.status == "succeeded" or self.has_failed

    @property
    def has_failed(self) -> bool:
        """Whether no money goes."""
        return self.status in ("failed", "canceled")

    def is_of(self, call: RefundCall) -> bool:
        """Whether it was made for this refund, under whichever key."""
        return self._noted(REFUND_ID) == call.refund_id

    def is_under_key_of(self, call: RefundCall) -> bool:
        """Whether it was made by this very attempt."""
        return self._noted(KEY) == call.idempotency_key

    def answer_to(self, call: RefundCall) -> Answer | Pending:
        """What it says to the call; Unanswered in a state that we do not know."""
        said = self._said(call)
        match self.status:
            case "succeeded":
                return Issued(self.id, said, settled=True)  # until Stripe hears otherwise, and then it failed
            case "failed" | "canceled":
                return Declined(self.failure_reason or self.status, said)
            case "pending" | "requires_action":
                return Pending(self.id, said)
        raise Unanswered(f"Stripe's refund is {self.status}, which is not known here")

    def _noted(self, name: str) -> str:
        return (self.metadata or {}).get(name, "")

    def _said(self, call: RefundCall) -> Said:
        currency = self.currency.upper()
        return Said(
            refund_id=self._noted(REFUND_ID),
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
