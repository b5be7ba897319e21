"""Playable orders: what the player needs of an order in whatever format, and the requests that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.events.money import Money, total

Json = dict[str, Any]


class Unreadable(ValueError):
    """The line is no order; the reason fits on one line."""


@dataclass(frozen=True, slots=True)
class OrderRequests:
    """An order as it is sent: the body of its PUT, the body of its dispute where the buyer complained, and what was
    corrected on the way.

    `captures` are what the payment provider takes first, of each payment of the order.
    """

    order_id: str
    body: Json
    captures: Sequence[Json]
    dispute: Json | None
    notes: Sequence[str] = ()

    @property
    def buyer_id(self) -> str:
        """Who complains."""
        return str(self.body.get("buyer_id", ""))


class PlayableOrder(Protocol):
    """An order of a file. Its instants may depend on when it is played."""

    @property
    def order_id(self) -> str:
        """Which order it is."""

    def requests(self, now: datetime) -> OrderRequests:
        """The order as it stands when its complaint, or else its last fact, is `now`."""

    def first_played_at(self, placed_at: datetime) -> datetime | None:
        """The `now` at which the order was played first, which follows from when it was placed then; None where its
        instants do not move.
        """


def money(minor: int, currency: str, exponent: int = 2) -> Json:
    """The wire form of an amount in its currency's smallest unit."""
    amount = Money(minor, currency, exponent)
    return {"amount": amount.amount, "currency": amount.currency}


def captures(order_id: str, payment: Mapping[str, Any]) -> Sequence[Json]:
    """What the payment provider takes for the order, of each of its payments: nothing where the amount is nothing, or
    no amount.
    """
    parts = [part for part in payment.get("parts") or (payment,) if isinstance(part, dict)]
    taken = [(part, part.get("captured") or part.get("amount")) for part in parts]
    return [
        {"order_id": order_id, "payment_id": part.get("payment_id") or order_id, "amount": amount}
        for part, amount in taken
        if _amount(amount)
    ]


def dispute(order_id: str, body: Mapping[str, Any], reason: str, description: str) -> Json | None:
    """Refund only, for the lines of the first line's seller and their whole cap; None where the order is such that none
    can be written.
    """
    if (caps := _caps(body)) is None:
        return None
    lines = body["lines"]
    disputed = [i for i, line in enumerate(lines) if _seller(line, body) == _seller(lines[0], body)]
    amount = total([caps[i] for i in disputed])
    return {
        "order_id": order_id,
        "lines": [{"line_id": lines[i]["line_id"], "quantity": lines[i].get("quantity", 1)} for i in disputed],
        "reason": reason,
        "type": "refund_only",
        "amount": {"amount": amount.amount, "currency": amount.currency},
        "description": description,
        "contacted_seller": False,
    }


def _seller(line: Mapping[str, Any], body: Mapping[str, Any]) -> Any:
    return line.get("seller_id") or body.get("seller_id")


def _caps(body: Mapping[str, Any]) -> list[Money] | None:
    """Each line's share of what was paid, by largest remainder (G9)."""
    try:
        paid = _amount(body["payment"]["amount"])
        prices = [_amount(line["price"]) for line in body["lines"]]
        goods = [
            price.minor * int(line.get("quantity", 1))
            for price, line in zip(prices, body["lines"], strict=True)
            if price
        ]
        return (
            paid.split(goods if sum(goods) else [1] * len(goods))
            if paid and goods and len(goods) == len(prices)
            else None
        )
    except (KeyError, TypeError, ValueError):
        return None


def _amount(wire: Any) -> Money | None:
    try:
        return Money.parse(wire["amount"], wire["currency"])
    except (KeyError, TypeError, ValueError):
        return None
