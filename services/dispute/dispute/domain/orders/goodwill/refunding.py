"""Refunding: what a seller gives is asked for of the order's payment, once it is there to be given (S20, K19)."""

from __future__ import annotations

from dispute.domain.orders.refund import due_for
from dispute.domain.orders.state import Order
from shared.events.dispute import RefundDue, RefundSource
from shared.events.order import GoodwillGranted


def due_of(order: Order, granted: GoodwillGranted) -> RefundDue:
    """Asks for the money that the seller gives."""
    assert order.terms
    return due_for(
        order.terms,
        granted.lines,
        RefundSource.GOODWILL,
        ("S20", "S57"),
        refund_id=granted.refund_id,
        order_id=order.order_id,
        payment_id=order.taken.payment_id(order.payment),
        dispute_id=None,
        buyer_id=order.buyer_id,
        seller_id=granted.seller_id,
        goodwill_id=granted.goodwill_id,
    )
