"""What this service can be asked to do: everything concerns one order's payment, the stream that holds the cap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.events.base import SYSTEM, Command, StreamName, derived_uuid
from shared.events.dispute import RefundSource
from shared.events.money import Money
from shared.events.order import LineAmount


class PaymentCommand(Command):
    """A command that decides on the payment of one order."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"payment-{self.order_id}", self.order_id),)


class RecordCapture(PaymentCommand):
    """The order was paid; `lines` hold the cap of each line (G9)."""

    payment_id: str
    buyer_id: str
    seller_id: str
    method: str
    amount: Money
    lines: tuple[LineAmount, ...]


class RefundCommand(PaymentCommand):
    """A command about one refund."""

    refund_id: str


class RequestRefund(RefundCommand):
    """Somebody's `RefundDue`; `rules` are those that make it due, `seller_id` is whose lines they are (None: the
    payment's seller).
    """

    payment_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    source: RefundSource
    bank_window_bd: tuple[int, int]
    timezone: str
    rules: tuple[str, ...]
    seller_id: str | None = None


class RetryRefund(RefundCommand):
    pass


class OutcomeCommand(RefundCommand):
    """What the provider answered to the attempt numbered by the definitive failures before it."""

    attempt: int


class RecordIssued(OutcomeCommand):
    provider_ref: str

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, provider_ref: str, at: datetime) -> Self:
        """The command whose id follows from the outcome, so that hearing it twice records it once."""
        command_id = _outcome_id(refund_id, attempt, "issued")
        return cls(
            command_id=command_id,
            actor=SYSTEM,
            at=at,
            order_id=order_id,
            refund_id=refund_id,
            attempt=attempt,
            provider_ref=provider_ref,
        )


class RecordDeclined(OutcomeCommand):
    reason: str

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, reason: str, at: datetime) -> Self:
        """The command whose id follows from the outcome, so that hearing it twice records it once."""
        command_id = _outcome_id(refund_id, attempt, "declined")
        return cls(
            command_id=command_id,
            actor=SYSTEM,
            at=at,
            order_id=order_id,
            refund_id=refund_id,
            attempt=attempt,
            reason=reason,
        )


class RecordSettled(RefundCommand):
    """The bank confirmed the credit."""


def _outcome_id(refund_id: str, attempt: int, outcome: str) -> UUID:
    return derived_uuid(refund_id, attempt, outcome)
