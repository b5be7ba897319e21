"""Expected rows of the refund service's read models: refunds and payments, folded from the log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ops.audit.read_models import Model, Values
from refund.domain.payments import state as payments
from refund.domain.payments.state import Payment, RefundState
from refund.read_models import refunds
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.refund import PaymentCaptured, RefundRequested


@dataclass(frozen=True, slots=True)
class _RefundFold:
    payment: Payment = field(default_factory=Payment)
    first: Recorded[Event] | None = None


def _refund(state: _RefundFold, recorded: Recorded[Any]) -> _RefundFold:
    return replace(state, payment=payments.evolve(state.payment, recorded.event), first=state.first or recorded)


def _refund_row(refund_id: str, state: _RefundFold) -> Values | None:
    if not (refund := state.payment.refunds.get(refund_id)) or not state.first:
        return None
    request, issued = refund.request, refund.issued
    approved = refund.state not in (RefundState.REQUESTED, RefundState.REFUSED)
    return {
        "order_id": request.order_id,
        "dispute_id": request.dispute_id,
        "seller_id": refund.seller_id,
        "state": refund.state,
        "source": request.source if isinstance(request, RefundRequested) else None,
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "exponent": request.amount.exponent,
        "destination": refund.destination if approved else None,
        "requested_at": state.first.metadata.at,
        "issued_at": issued.issued_at if issued else None,
        "expected_from": issued.expected_from if issued else None,
        "expected_until": issued.expected_until if issued else None,
        "settled_at": refund.settled_at,
        "failures": refund.failures,
        "retry_at": refund.pay_at if refund.state is RefundState.FAILED else None,
        **({} if isinstance(request, RefundRequested) else {"reason": request.reason}),
    }


def _captured(_: PaymentCaptured | None, recorded: Recorded[Any]) -> PaymentCaptured | None:
    event: PaymentCaptured = recorded.event
    return event


def _payment_row(_: str, capture: PaymentCaptured | None) -> Values | None:
    return (
        {name: getattr(capture, name) for name in ("order_id", "payment_id", "buyer_id", "seller_id", "method")}
        if capture
        else None
    )


_PAYMENTS = """
select p.*, (select position from events e where e.stream = 'payment-' || p.order_id
    and type like 'makewhole.PaymentCaptured.%') as position
from payments p
"""

MODELS: tuple[Model[Any], ...] = (
    Model(
        "refunds",
        refunds.NAME,
        "select * from refunds",
        "refund_id",
        lambda recorded: getattr(recorded.event, "refund_id", None),
        _RefundFold(),
        _refund,
        _refund_row,
    ),
    Model(
        "payments",
        refunds.NAME,
        _PAYMENTS,
        "order_id",
        lambda recorded: recorded.event.order_id if isinstance(recorded.event, PaymentCaptured) else None,
        None,
        _captured,
        _payment_row,
    ),
)
