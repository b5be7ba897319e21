"""One order's payment: what was captured, and every refund that is counted against it.

The cap is this one stream's invariant (I1), so that no two refunds can pass it side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from shared.decider import Clear, Start
from shared.events.base import Event
from shared.events.refund import (
    Destination,
    PaymentCaptured,
    RefundApproved,
    RefundEvent,
    RefundFailed,
    RefundIssued,
    RefundRefused,
    RefundRequested,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)


class RefundStatus(StrEnum):
    """Where a refund is (docs/rules/states.md)."""

    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    ISSUED = "issued"
    FAILED = "failed"
    MANUAL = "manual"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; `asked` is how it began, `pay_at` when the provider is to be asked next, `reason` its last
    refusal.
    """

    asked: RefundRequested | RefundRefused
    status: RefundStatus
    destination: Destination = Destination.ORIGINAL
    pay_at: datetime | None = None
    failures: int = 0
    reason: str | None = None
    issued: RefundIssued | None = None
    settled_at: datetime | None = None

    @property
    def reserves(self) -> bool:
        """Whether it counts against the cap. One that people took over still does: its money is owed, and a retry may
        pay it.
        """
        return self.status is not RefundStatus.REFUSED

    @property
    def seller_id(self) -> str | None:
        """Whose lines they are; None where that is the payment's seller."""
        return self.asked.seller_id if isinstance(self.asked, RefundRequested) else None

    @property
    def facts(self) -> dict[str, Any]:
        """What every event about its money repeats, so that who hears one needs no other."""
        asked = self.asked
        return {
            "refund_id": asked.refund_id,
            "order_id": asked.order_id,
            "dispute_id": asked.dispute_id,
            "lines": asked.lines,
            "amount": asked.amount,
        }


@dataclass(frozen=True, slots=True)
class Payment:
    """What was captured for an order, and its refunds by id."""

    capture: PaymentCaptured | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)


def evolve(payment: Payment, event: RefundEvent) -> Payment:  # noqa: C901 - one arm an event
    match event:
        case PaymentCaptured():
            return replace(payment, capture=event)
        case RefundRequested():
            return _begun(payment, Refund(event, RefundStatus.REQUESTED))
        case RefundRefused():
            return _begun(payment, Refund(event, RefundStatus.REFUSED))
        case RefundApproved():
            return _moved(
                payment, event, status=RefundStatus.APPROVED, destination=event.destination, pay_at=event.pay_at
            )
        case RefundIssued():
            return _moved(payment, event, status=RefundStatus.ISSUED, issued=event, pay_at=None)
        case RefundFailed():
            return _moved(
                payment,
                event,
                status=RefundStatus.FAILED,
                failures=event.failures,
                reason=event.reason,
                pay_at=event.retry_at,
            )
        case RefundRetried():
            return _moved(payment, event, status=RefundStatus.APPROVED, pay_at=event.pay_at)
        case RefundSentToManual():
            return _moved(payment, event, status=RefundStatus.MANUAL, pay_at=None)
        case RefundSettled():
            return _moved(payment, event, status=RefundStatus.SETTLED, settled_at=event.settled_at)
    assert_never(event)


def _begun(payment: Payment, refund: Refund) -> Payment:
    return replace(payment, refunds={**payment.refunds, refund.asked.refund_id: refund})


def _moved(payment: Payment, event: Any, **changes: Any) -> Payment:
    if not (refund := payment.refunds.get(event.refund_id)):
        return payment
    return _begun(payment, replace(refund, **changes))


def pay(refund_id: str) -> str:
    """The deadline at which the provider is to be asked for this refund."""
    return f"pay:{refund_id}"


def deadlines(event: Event) -> Iterable[Start | Clear]:
    match event:
        case RefundApproved() | RefundRetried():
            return [Start(pay(event.refund_id), event.pay_at)]
        case RefundFailed(retry_at=retry_at) if retry_at:
            return [Start(pay(event.refund_id), retry_at)]
        case RefundIssued() | RefundSentToManual():
            return [Clear(pay(event.refund_id))]
    return []
