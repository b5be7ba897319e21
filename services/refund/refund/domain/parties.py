"""Who may see a refund: the buyer, the seller of its lines, or staff; for anybody else there is none (404)."""

from __future__ import annotations

from refund.domain.payment import Payment, Refund
from refund.domain.rejections import NotFound
from shared.events.base import Actor

STAFF = frozenset({"case_team", "support", "ops", "service"})
"""Roles that see every refund."""


def visible(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """The refund, if the actor may know of it: the buyer, the seller of its lines, or staff; NotFound for anybody
    else.
    """
    refund = known(payment, refund_id)
    if not (actor.roles & STAFF or is_buyer(payment, actor) or is_seller(payment, refund, actor)):
        raise NotFound("There is no such refund.")
    return refund


def is_buyer(payment: Payment, actor: Actor) -> bool:
    return "buyer" in actor.roles and payment.capture is not None and payment.capture.buyer_id == actor.id


def is_seller(payment: Payment, refund: Refund, actor: Actor) -> bool:
    """Of the lines that are refunded: an order may have lines of several sellers."""
    seller_id = refund.seller_id or (payment.capture.seller_id if payment.capture else None)
    return "seller" in actor.roles and seller_id == actor.id


def known(payment: Payment, refund_id: str) -> Refund:
    if not (refund := payment.refunds.get(refund_id)):
        raise NotFound("There is no such refund.")
    return refund
