"""The payment provider's rules: what it captures, what it pays back and what it declines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from sandbox.declines import DECLINES
from shared.events.base import Instant, Message
from shared.events.calendar import within_business_days
from shared.events.fields import WireMoney
from shared.events.ids import digest
from shared.events.money import Money
from shared.events.outside.ids import Id
from shared.http.request.body import example


def _payable(amount: Money) -> Money:
    if not amount:
        raise ValueError("the amount is zero")
    return amount


Amount = Annotated[WireMoney, AfterValidator(_payable)]
Destination = Literal["original", "bonus"]
BankWord = Literal["settled", "returned"]
BANK_DAYS = 3
"""Business days after which a bank credits by itself what was paid; a bonus is there at once."""


class Capture(Message):
    """Money taken from the buyer for an order. One payment may be for several orders, each with its share; what is
    taken of an order's share later, for a parcel say, has a `capture_id`.
    """

    model_config = example(
        order_id="order-1001", payment_id="order-1001", amount={"amount": "68.00", "currency": "USD"}
    )

    order_id: Id
    payment_id: Id
    capture_id: Id | None = None
    amount: Amount


class RefundRequest(Message):
    """Money to give back, as the client asks for it."""

    model_config = example(
        refund_id="rfd_02a7",
        payment_id="order-1001",
        order_id="order-1001",
        amount={"amount": "42.00", "currency": "USD"},
    )

    refund_id: Id
    payment_id: Id
    order_id: Id
    amount: Amount
    destination: Destination = "original"
    account_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")] | None = None

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests, so that a key that returns with another body is noticed."""
        return digest(self.model_dump_json().encode())


class Completion(Message):
    """What has become of a refund that was pending; a `code` says why it was declined."""

    model_config = example(result="succeeded")

    result: Literal["succeeded", "declined"]
    code: Literal["account_invalid", "declined"] = "declined"


class CaptureView(TypedDict):
    """Money that was taken."""

    order_id: str
    payment_id: str
    capture_id: str | None
    amount: Money
    at: Instant


class RefundView(TypedDict):
    """The result of a refund under its key; `code` and `detail` say why it was declined, `bank` what the buyer's bank
    has done with what was paid.
    """

    refund_id: str
    payment_id: str
    order_id: str
    amount: Money
    destination: Destination
    idempotency_key: str
    status: Literal["succeeded", "declined", "pending"]
    code: str | None
    detail: str | None
    bank: Literal["under_way", "settled", "returned"] | None
    at: Instant


class BankResult(Message):
    """What the buyer's bank does with the money of a refund."""

    model_config = example(result="returned")

    result: BankWord


class RefundWithAttempts(RefundView):
    """What a refund has come to, with every attempt under a key of its own."""

    attempts: list[RefundView]


class RefundsFound(TypedDict):
    """What is known under a key, or of a refund; empty where that is nothing."""

    data: list[RefundView]


class LedgerLine(TypedDict):
    """A movement of money."""

    id: int
    kind: Literal["capture", "refund", "return", "chargeback", "chargeback_reversed"]
    order_id: str
    payment_id: str
    refund_id: str | None
    idempotency_key: str | None
    destination: Destination | None
    amount: Money
    at: Instant


class Ledger(TypedDict):
    """Movements of money, in the order of their booking or the newest first."""

    data: list[LedgerLine]


@dataclass(frozen=True, slots=True)
class Payment:
    """What was captured of a payment for an order, and how much of that has gone back; None captured where the payment
    is for other orders alone.
    """

    captured: Money | None
    refunded: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundResult:
    """The result of a refund under one idempotency key: every repeat of the request gets it again.

    `declined` is the code of a definitive refusal: no money moved and none will under this key. `bank` is what a test
    made the bank do with the money; `pending` that the provider has taken it, and says later whether it goes.
    """

    idempotency_key: str
    request: RefundRequest
    declined: str | None
    at: datetime
    bank: BankWord | None = None
    pending: bool = False

    def view(self, now: datetime) -> RefundView:
        """The refund as the API shows it."""
        request = self.request
        return {
            "refund_id": request.refund_id,
            "payment_id": request.payment_id,
            "order_id": request.order_id,
            "amount": request.amount,
            "destination": request.destination,
            "idempotency_key": self.idempotency_key,
            "status": "declined" if self.declined else "pending" if self.pending else "succeeded",
            "code": self.declined,
            "detail": DECLINES[self.declined] if self.declined else None,
            "bank": None if self.declined or self.pending else self.bank or self._bank_by_itself(now),
            "at": self.at,
        }

    def _bank_by_itself(self, now: datetime) -> Literal["under_way", "settled"]:
        bonus = self.request.destination == "bonus"
        return "settled" if bonus or now >= within_business_days(self.at, BANK_DAYS, "UTC") else "under_way"


class KeyReused(Exception):
    """The idempotency key has been used with another body."""


class PaymentDiffers(Exception):
    """This was captured with another amount, or the order's share in another currency."""


def decline(request: RefundRequest, payment: Payment | None) -> str | None:
    """The code with which the provider refuses for good; None where it pays."""
    if payment is None:
        return "payment_unknown"
    if payment.captured is None or payment.refunded is None:
        return "order_differs"
    if not payment.captured.same_currency(request.amount):
        return "currency_differs"
    return None if payment.refunded + request.amount <= payment.captured else "amount_exceeds_capture"


def current(attempts: list[RefundResult]) -> RefundResult:
    """What a refund has come to: the last attempt that moved money, also where it came back, else the last of all."""
    return next((result for result in reversed(attempts) if not result.declined), attempts[-1])
