"""Caps: the most that can ever be refunded on an order line, and on a part of its quantity (G9)."""

from __future__ import annotations

from collections.abc import Sequence

from dispute.domain.orders.line import Line
from shared.events.money import Money


def line_caps(ordered: Sequence[tuple[Money, int]], paid: Money) -> Sequence[Money]:
    """The caps of an order's lines, given by price and quantity: goods plus their share of what was paid beside goods,
    so that the caps sum to the payment (G9).
    """
    goods = [price.minor * quantity for price, quantity in ordered]
    return paid.split(goods if sum(goods) else [quantity for _, quantity in ordered])


def refundable(line: Line, quantity: int) -> Money:
    """The cap for part of the line's quantity: pro rata, and never more than what is left (G9)."""
    part = line.cap.split([quantity, line.quantity - quantity])[0]
    return min(part, line.remainder)
