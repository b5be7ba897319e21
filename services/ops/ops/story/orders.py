"""Orders of the story: who buys what for how much, when, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ops.client import Call
from ops.story.parties import ANN, BOB, CARLA, DORA, LUMEN, NORTHWEAR, OPTIKA, SOUNDHOUSE

CURRENCY = "USD"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DateAgo:
    """The date so long ago; with a negative span, the date so far ahead."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order."""

    line_id: str
    price: str
    category: str
    flags: tuple[str, ...] = ()

    @property
    def body(self) -> Json:
        flags: Json = {"flags": list(self.flags)} if self.flags else {}
        return {
            "line_id": self.line_id,
            "sku": f"{self.category}-{self.line_id}",
            "category": self.category,
            "price": dollars(self.price),
            "quantity": 1,
            **flags,
        }


@dataclass(frozen=True, slots=True)
class Order:
    """An order paid by card on the platform a minute after it was placed; time spans say how long ago."""

    name: str
    buyer: str
    seller: str
    paid: str
    lines: tuple[OrderLine, ...]
    placed: timedelta
    promised: timedelta
    refunded: str
    payout: str
    facts: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name that stands for its id in the texts of steps."""
        return f"{{{self.name}}}"

    @property
    def path(self) -> str:
        return f"/v1/orders/{self.id}"

    @property
    def capture(self) -> Call:
        """The payment provider takes the buyer's money."""
        body = {"order_id": self.id, "payment_id": self.id, "amount": dollars(self.paid)}
        return Call("sandbox", "POST", "/psp/captures", body, repeatable=True)

    @property
    def registration(self) -> Call:
        """The shop registers the order."""
        payment = {"method": "visa", "payee": "escrow", "amount": dollars(self.paid), "paid_at": self.placed - MINUTE}
        body = {
            "buyer_id": self.buyer,
            "seller_id": self.seller,
            "channel": "platform",
            "payment": payment,
            "lines": [line.body for line in self.lines],
            "ship_to": {"country": "DE", "postal_code": "10115"},
            "promised_by": DateAgo(self.promised),
            "placed_at": self.placed,
            "facts": [{"type": name, "at": ago} for name, ago in self.facts.items()],
        }
        return Call("dispute", "PUT", self.path, body)


def dollars(amount: str) -> Json:
    """The amount as the APIs write it."""
    return {"amount": amount, "currency": CURRENCY}


HEADPHONES = Order(
    "headphones",
    ANN,
    SOUNDHOUSE,
    paid="68.00",
    lines=(OrderLine("1", "49.90", "headphones"), OrderLine("2", "12.50", "case")),
    placed=16 * DAY,
    promised=2 * DAY,
    facts={"shipped": 13 * DAY},
    refunded="42.00",
    # Time passes in later chapters: what was not refunded is its seller's by the end.
    payout="released",
)
LAMP = Order(
    "lamp",
    BOB,
    LUMEN,
    paid="84.50",
    lines=(OrderLine("1", "80.00", "lamp"),),
    placed=15 * DAY,
    promised=3 * DAY,
    refunded="84.50",
    payout="refunded",
)
JACKET = Order(
    "jacket",
    CARLA,
    NORTHWEAR,
    paid="120.00",
    lines=(OrderLine("1", "110.00", "jacket"),),
    placed=DAY,
    promised=-29 * DAY,
    facts={"shipped": timedelta()},
    refunded="120.00",
    payout="refunded",
)
CAMERA = Order(
    "camera",
    DORA,
    OPTIKA,
    paid="95.00",
    lines=(OrderLine("1", "95.00", "camera", ("authenticity_assured",)),),
    placed=16 * DAY,
    promised=2 * DAY,
    facts={"shipped": 13 * DAY, "delivered": 3 * DAY},
    refunded="60.00",
    # It is protected still, so its seller's part waits.
    payout="held",
)
ORDERS = (HEADPHONES, LAMP, JACKET, CAMERA)
