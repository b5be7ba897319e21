"""View of an order's payments: what was authorised of each, and what was taken so far."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from dispute.domain.orders.payments.tenders import tenders
from dispute.domain.orders.state import Order
from shared.events.base import Actor, Instant
from shared.events.money import Money
from shared.events.order import LineAmount, OrderCaptured, Tender


class LineShare(TypedDict):
    """Money of an order line."""

    line_id: str
    amount: Money


class CaptureView(TypedDict):
    """What was taken of a payment later, and of which lines."""

    capture_id: str
    payment_id: str
    amount: Money
    captured_at: Instant
    lines: Sequence[LineShare]


class PaymentView(TypedDict):
    """One payment of the order: `amount` is what was authorised, `captured` what was taken of it so far."""

    payment_id: str
    method: str
    amount: Money
    captured: Money


def payment_views(order: Order, actor: Actor) -> Sequence[PaymentView]:
    """Every payment, for whoever is no seller alone: how the buyer paid is no seller's affair."""
    roles = order.parties.acting(actor)
    if not order.payment or "seller" in roles and "buyer" not in roles:
        return []
    return [_payment(order, tender) for tender in tenders(order.payment)]


def capture_view(capture: OrderCaptured) -> CaptureView:
    """One capture."""
    return {
        "capture_id": capture.capture_id,
        "payment_id": capture.payment_id,
        "amount": capture.amount,
        "captured_at": capture.captured_at,
        "lines": [_share(part) for part in capture.lines],
    }


def _payment(order: Order, tender: Tender) -> PaymentView:
    taken = order.taken.of(tender.payment_id).total()
    return {
        "payment_id": tender.payment_id,
        "method": tender.method,
        "amount": tender.amount,
        "captured": Money(taken, tender.amount.currency, tender.amount.exponent),
    }


def _share(part: LineAmount) -> LineShare:
    return {"line_id": part.line_id, "amount": part.amount}
