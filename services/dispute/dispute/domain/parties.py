"""Who may see and do what: a stranger finds nothing (404), a party of the wrong role is refused (403)."""

from __future__ import annotations

from collections.abc import Sequence

from dispute.domain.dispute import Dispute
from dispute.domain.order import Order
from dispute.domain.rejections import Forbidden, NotFound
from shared.events.base import Actor

OVERSEERS = frozenset({"case_team", "support", "ops", "service", "system"})
"""Roles that see every dispute."""


def party_role(actor: Actor, buyer_id: str, seller_id: str) -> str | None:
    """`buyer` or `seller` of this very order, one of the overseeing roles, or None for a stranger."""
    if "buyer" in actor.roles and actor.id == buyer_id:
        return "buyer"
    if "seller" in actor.roles and actor.id == seller_id:
        return "seller"
    return min(actor.roles & OVERSEERS, default=None)


def sees_all(actor: Actor) -> bool:
    """Whether one of the actor's roles oversees every dispute."""
    return not actor.roles.isdisjoint(OVERSEERS)


def guard_party_of_order(order: Order, actor: Actor, *roles: str) -> None:
    """The order exists for the actor, a seller of any of its lines included, and is the actor's to move in one of
    `roles`.
    """
    sellers = {order.seller_id} | {line.seller_id for line in order.lines.values()}
    seller_id = actor.id if actor.id in sellers else order.seller_id
    role = party_role(actor, order.buyer_id, seller_id) if order.registered else None
    if role is None:
        raise NotFound("There is no such order.")
    _guard_role(role, roles)


def guard_party(dispute: Dispute, actor: Actor, *roles: str) -> None:
    """The dispute exists for the actor, and is the actor's to move in one of `roles` (G8)."""
    role = party_role(actor, dispute.opened.buyer_id, dispute.opened.seller_id) if dispute.opened else None
    if role is None:
        raise NotFound("There is no such dispute.")
    _guard_role(role, roles)


def _guard_role(role: str, roles: Sequence[str]) -> None:
    if roles and role not in roles:
        raise Forbidden(f"This is for the {' or '.join(roles)}.")
