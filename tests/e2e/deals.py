"""Deals: builders of an order with its buyer and seller, and of the requests that they send; all has plain defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.client import Answer, Json, Party, Services, eventually

DAY = timedelta(days=1)
NOTHING_YET = "0.0"
NOTHING_CAME = "The promised day has passed and nothing came."


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


def wire(instant: datetime) -> str:
    """The instant as the services write it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day_after(moment: datetime, days: int) -> datetime:
    """The start of the day so many days after the moment's, in UTC."""
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + days * DAY


def counter(amount: str, kind: str = "refund_only", **more: Any) -> Json:
    """The seller's other offer."""
    return {"decision": "counter", "solution": {"type": kind, "amount": usd(amount), **more}}


def split(amount: str, **more: Any) -> Json:
    """The case team's ruling: a part of what was asked for the one line."""
    lines = [{"line_id": "1", "amount": usd(amount)}]
    explained = {"rules": ["S2", "S45"], "weights": {}, "text": "The photos show a scratch."}
    return {"outcome": "split", "type": "refund_only", "lines": lines, **explained, **more}


@dataclass(frozen=True, slots=True)
class Deal:
    """One order and its two parties; `body` is what the shop registered."""

    services: Services
    order_id: str
    buyer: Party
    seller: Party
    body: Json

    def form(self, **changes: Any) -> Json:
        """The dispute form over the first line, for all of it, where no change says otherwise: nothing came, or it came
        late where it is to go back.
        """
        form = {
            "order_id": self.order_id,
            "lines": [{"line_id": "1", "quantity": 1}],
            "reason": "late" if changes.get("type") == "return_and_refund" else "not_received",
            "type": "refund_only",
            "amount": self.body["payment"]["amount"],
            "description": NOTHING_CAME,
        }
        return form | changes

    async def open(self, key: str | None = None, **changes: Any) -> Answer:
        return await self.buyer.post("/v1/disputes", self.form(**changes), key=key or self.services.new("key"))

    async def opened(self, **changes: Any) -> Dispute:
        """A dispute that the buyer has opened."""
        return Dispute(self, (await self.open(**changes)).ok(201)["id"])

    async def tell(self, fact: str, at: datetime | str, **more: Any) -> Answer:
        """A fact of the shop's."""
        told = {"type": fact, "at": at if isinstance(at, str) else wire(at), **more}
        return await self.services.shop.post(f"/v1/orders/{self.order_id}/facts", told)

    async def status(self, by: Party | None = None, at_least: str = NOTHING_YET) -> Answer:
        return await (by or self.buyer).read(f"/v1/orders/{self.order_id}/status?at_least_position={at_least}")

    async def taken_back(self) -> str:
        """The buyer's bank takes the whole payment back from the provider, and the shop tells of it."""
        money = {"order_id": self.order_id, "amount": self.body["payment"]["amount"]}
        taken = (await self.services.send("sandbox", "POST", "/psp/chargebacks", json=money)).ok(201)
        told = {**money, "chargeback_id": taken["id"], "opened_at": taken["at"]}
        await eventually(
            lambda: self.services.shop.post("/v1/chargebacks", told, service="refund"),
            lambda answer: answer.status == 201,
        )
        return str(taken["id"])


@dataclass(frozen=True, slots=True)
class Dispute:
    """An open dispute of a deal."""

    deal: Deal
    id: str

    @property
    def path(self) -> str:
        return f"/v1/disputes/{self.id}"

    async def show(self, by: Party | None = None) -> Answer:
        return (await (by or self.deal.buyer).get(self.path)).ok()

    async def when(self, holds: Callable[[Answer], bool]) -> Answer:
        """The buyer's view as soon as it holds."""
        return await eventually(self.show, holds)

    async def closed(self) -> Answer:
        return await self.when(lambda answer: answer["state"] == "closed")

    async def command(self, by: Party, what: str, body: Any = None, *, key: str | None = None) -> Answer:
        """A command by somebody who has just looked."""
        return await by.post(f"{self.path}/{what}", body, key=key, seen=(await self.show(by)).etag)

    async def respond(self, body: Json) -> Answer:
        return (await self.command(self.deal.seller, "response", body)).ok()

    async def accept(self) -> Answer:
        return (await self.command(self.deal.buyer, "acceptance")).ok()

    async def modify(self, **changes: Any) -> Answer:
        return (await self.command(self.deal.buyer, "modification", changes)).ok()

    async def cancel(self, **body: Any) -> Answer:
        if not body:
            return await self.deal.buyer.post(f"{self.path}/cancellation")
        return await self.command(self.deal.buyer, "cancellation", body, key=self.deal.services.new("key"))

    async def escalate(self, by: Party | None = None) -> Answer:
        return (await self.command(by or self.deal.buyer, "escalation")).ok()

    async def state(self, by: Party, **said: Any) -> Answer:
        """The party's statement to the case team; that nothing more comes, where nothing else is said."""
        return (await self.command(by, "statement", said or {"complete": True})).ok()

    @property
    def reviewer(self) -> Party:
        return self.deal.services.party("reviewer-1", "case_team")

    async def decide(self, ruling: Json, by: Party | None = None, what: str = "decision") -> Answer:
        key = self.deal.services.new("key")
        return (await self.command(by or self.reviewer, what, ruling, key=key)).ok()

    async def appeal(self, by: Party) -> Answer:
        return (await self.command(by, "appeal", {"ground": "It was another item."})).ok()

    async def history(self, at_least: str = NOTHING_YET, by: Party | None = None) -> list[Json]:
        path = f"{self.path}/history?limit=100&at_least_position={at_least}"
        entries: list[Json] = (await (by or self.deal.buyer).read(path)).ok()["data"]
        return entries


async def now(services: Services) -> datetime:
    """The domain's present."""
    return instant((await services.clock())["now"])


async def ordered(
    services: Services,
    amount: str = "50.00",
    *,
    promised: int | None = -1,
    facts: Mapping[str, float] | None = None,
    capture: str | None = "",
    lines: list[Json] | None = None,
    payment: Json | None = None,
    **body: Any,
) -> Deal:
    """A paid order whose promised day was yesterday, so that a dispute may be opened.

    `promised` is counted in days from today, the instants of `facts` too; `capture` is what the provider took, all of
    it where left out.
    """
    moment, order_id = await now(services), services.new("order")
    money = {"method": "visa", "amount": usd(amount), "paid_at": wire(moment - 25 * DAY)}
    order = {
        "buyer_id": services.new("buyer"),
        "seller_id": services.new("seller"),
        "payment": money | (payment or {}),
        "lines": lines or [{"line_id": "1", "price": usd(amount)}],
        "ship_to": {"country": "DE", "postal_code": "10115"},
        "promised_by": None if promised is None else (moment + promised * DAY).date().isoformat(),
        "placed_at": wire(moment - 25 * DAY),
        "facts": [
            {"type": name, "at": wire(moment + days * DAY)}
            for name, days in ({"shipped": -5} if facts is None else facts).items()
        ],
        **body,
    }
    deal = Deal(
        services,
        order_id,
        services.party(order["buyer_id"], "buyer"),
        services.party(order["seller_id"], "seller"),
        order,
    )
    if capture is not None:
        taken = {
            "order_id": order_id,
            "payment_id": order_id,
            "amount": order["payment"]["amount"] | ({"amount": capture} if capture else {}),
        }
        (await services.send("sandbox", "POST", "/psp/captures", json=taken)).ok(201)
    (await services.shop.send("dispute", "PUT", f"/v1/orders/{order_id}", json=order)).ok(201)
    return deal
