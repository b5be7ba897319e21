"""Caps: the most that can ever be refunded on an order line, and on a part of its pieces (G9).

What is paid is held below what was captured by the refund service (`domain/payments/request.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dispute.domain.orders.line import Line, Sold
from shared.events.money import Money, total


def line_caps(ordered: Sequence[tuple[Money, int]], paid: Money) -> Sequence[Money]:
    """The caps of an order's lines, given by price and quantity: goods plus their share of what was paid beside goods,
    so that the caps sum to the payment (G9).
    """
    goods = [price.minor * quantity for price, quantity in ordered]
    return paid.split(goods if sum(goods) else [quantity for _, quantity in ordered])


def refundable(line: Line, quantity: int) -> Money:
    """The cap for so many of the pieces that are free: pro rata of what is left for them, so that all of them together
    have all of it, and no more than was taken of that (G9, S109).
    """
    return min(line.free_cap, _share(Sold(line.free, line.free_cap + line.uncaptured), quantity))


def reclaimable(line: Line, quantity: int) -> Money:
    """The cap for so many of the pieces that the seller was paid for: what was captured for them and never refunded,
    less what the seller gives of it (S20).
    """
    return min(_share(line.reach, quantity), with_seller(line))


def with_seller(line: Line) -> Money:
    """What the seller was paid and nobody asks of it: neither a dispute by law nor a bank, nor itself to give it."""
    nothing = Money.zero(line.cap)
    paid_out = [claim for claim in line.claims.values() if claim.paid_out]
    waits = [
        total([nothing, *claim.doubts.values()]) if claim.agreed else claim.cap - claim.refunded for claim in paid_out
    ]
    had = line.released - line.reclaimed
    there = line.cap - line.refunded - line.charged_back - line.promised - line.in_doubt
    return max(nothing, min(had, there) - total([nothing, *waits]))


def _share(whole: Sold, quantity: int) -> Money:
    others = whole.quantity - quantity
    return whole.paid.split([quantity, others])[0] if others > 0 else whole.paid
