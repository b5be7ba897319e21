"""Telling: whom what happens to a seller's goodwill concerns (S20, S54)."""

from __future__ import annotations

from dispute.domain.orders.state import Order
from shared.parties import Parties


def parties_of(order: Order, about: str | None) -> Parties:
    """The buyer, and the seller who gives what this names; other sellers of the order have no part in it."""
    if sent := order.gifts.replacements.get(about or ""):
        return Parties("order", order.buyer_id, {sent.granted.seller_id})
    given = next((one for one in order.goodwill if about in (one.goodwill_id, one.clawback_id)), None)
    return Parties("order", order.buyer_id, {given.seller_id}) if given and about else order.parties
