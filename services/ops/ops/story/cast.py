"""Who takes part in the story, and the orders that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.client import Answer, Api, Call, Party
from shared.events.base import wire_time

CURRENCY = "USD"
Json = dict[str, Any]


def dollars(amount: str) -> Json:
    """The amount on the wire."""
    return {"amount": amount, "currency": CURRENCY}


@dataclass(frozen=True, slots=True)
class Cast:
    """The parties of one run, whose number is in every order's id."""

    api: Api
    run: int

    @property
    def shop(self) -> Party:
        """The shop's own back end, which registers orders and tells facts."""
        return self.api.party("shop", "service")

    @property
    def warehouse(self) -> Party:
        return self.api.party("warehouse-1", "warehouse")

    def buyer(self, name: str) -> Party:
        return self.api.party(name, "buyer")

    def seller(self, name: str) -> Party:
        return self.api.party(name, "seller")

    def order_id(self, name: str) -> str:
        """The order's id in this run."""
        return f"story-{self.run}-{name}"

    def key(self, *words: str) -> str:
        """An idempotency key of this run."""
        return "/".join(("story", str(self.run), *words))

    async def now(self) -> datetime:
        """The domain's present."""
        return datetime.fromisoformat((await self.api.clock()).get("now"))

    async def capture(self, order_id: str, amount: str) -> Answer:
        """The payment provider takes the buyer's money."""
        body = {"order_id": order_id, "payment_id": order_id, "amount": dollars(amount)}
        return await self.api.send(Call("sandbox", "POST", "/psp/captures", body, repeatable=True))

    async def move_clock(self, to: str) -> Answer:
        """Time passes for every service; answers when all that it brings about is done."""
        return await self.api.send(Call("sandbox", "POST", "/clock", {"now": to}, limit=900))

    async def ledger(self, order_id: str) -> Answer:
        """The payment provider's movements of the order."""
        return await self.api.send(Call("sandbox", "GET", "/psp/ledger", params={"order_id": order_id}))


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of an order."""

    line_id: str
    price: str
    category: str

    @property
    def body(self) -> Json:
        return {
            "line_id": self.line_id,
            "sku": f"{self.category}-{self.line_id}",
            "category": self.category,
            "price": dollars(self.price),
            "quantity": 1,
        }


def order_body(
    buyer: str,
    seller: str,
    paid: str,
    goods: list[Goods],
    placed_at: datetime,
    promised_days: int,
    facts: dict[str, datetime],
) -> Json:
    """The body of an order: paid by card on the platform a minute after it was placed, promised so many days later."""
    return {
        "buyer_id": buyer,
        "seller_id": seller,
        "channel": "platform",
        "payment": {
            "method": "visa",
            "payee": "escrow",
            "amount": dollars(paid),
            "paid_at": wire_time(placed_at + timedelta(minutes=1)),
        },
        "lines": [line.body for line in goods],
        "ship_to": {"country": "DE", "postal_code": "10115"},
        "promised_by": (placed_at + timedelta(days=promised_days)).date().isoformat(),
        "placed_at": wire_time(placed_at),
        "facts": [{"type": name, "at": wire_time(at)} for name, at in facts.items()],
    }
