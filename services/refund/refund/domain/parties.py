"""Who may see a refund: a party of its order, or staff; for anybody else there is none (404)."""

from __future__ import annotations

from refund.domain.payment import Payment, Refund
from refund.domain.rejections import NotFound
from shared.events.base import Actor

STAFF = frozenset({"case_team", "support", "ops", "service"})
"""Roles that see every refund."""


def visible(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """The refund, if the actor may know of it: a party of the order, or staff; NotFound for anybody else."""
    if not (actor.roles & STAFF or is_buyer(payment, actor) or is_seller(payment, actor)):
        raise NotFound("There is no such refund.")
    return known(payment, refund_id)


def is_buyer(payment: Payment, actor: Actor) -> bool:
    return "buyer" in actor.roles and payment.capture is not None and payment.capture.buyer_id == actor.id


def is_seller(payment: Payment, actor: Actor) -> bool:
    return "seller" in actor.roles and payment.capture is not None and payment.capture.seller_id == actor.id


def known(payment: Payment, refund_id: str) -> Refund:
    if not (refund := payment.refunds.get(refund_id)):
        raise NotFound("There is no such refund.")
    return refund
