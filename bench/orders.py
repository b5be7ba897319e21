"""A shop with its buyer and its seller, over HTTP: orders by the thousand, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp

from bench.stack import Stack
from shared.events.base import wire_time

AT_ONCE = 32
TRIES = 5
"""Of a request: what came twice is recognised."""
PRICE = {"amount": "50.00", "currency": "USD"}
PARTIES = {"shop": "service", "bench-buyer": "buyer", "bench-seller": "seller"}
DAY = timedelta(days=1)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """Sends the requests of all three."""

    stack: Stack
    client: aiohttp.ClientSession
    tokens: dict[str, str]
    now: datetime

    async def register(self, count: int, captured: bool = False) -> Sequence[str]:
        """The ids of so many new orders, whose promised day has passed; paid at the provider where `captured`."""
        run = uuid4().hex[:8]
        ids = [f"bench-{run}-{number}" for number in range(count)]
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(order_id: str) -> None:
            async with turns:
                if captured:
                    taken = {"order_id": order_id, "payment_id": order_id, "amount": PRICE}
                    await self.send("shop", "POST", "/psp/captures", taken, service="sandbox")
                await self.send("shop", "PUT", f"/v1/orders/{order_id}", self._order())

        await asyncio.gather(*map(one, ids))
        return ids

    async def tell(self, order_id: str) -> str:
        """That it was shipped; the position that the answer names."""
        told = {"type": "shipped", "at": wire_time(self.now - 5 * DAY)}
        headers, _ = await self.send("shop", "POST", f"/v1/orders/{order_id}/facts", told)
        return str(headers["Makewhole-Position"])

    async def send(
        self, who: str, method: str, path: str, body: Json | None = None, service: str = "dispute", **headers: str
    ) -> tuple[Any, Json]:
        """The answer's headers and body; an error for a refusal."""
        given = {"Authorization": f"Bearer {self.tokens[who]}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"{self.stack.url(service)}{path}"
        for _ in range(TRIES):
            with suppress(aiohttp.ClientConnectionError):  # a kept connection that the app has just closed
                return await self._answered(method, address, body, given)
        raise RuntimeError(f"{method} {path}: no connection lasts")

    async def _answered(self, method: str, address: str, body: Json | None, headers: Json) -> tuple[Any, Json]:
        async with self.client.request(method, address, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {address}: {answer.status} {await answer.text()}")
            return answer.headers, await answer.json() if answer.content_type.endswith("json") else {}

    def _order(self) -> Json:
        placed = wire_time(self.now - 25 * DAY)
        return {
            "buyer_id": "bench-buyer",
            "seller_id": "bench-seller",
            "payment": {"method": "visa", "amount": PRICE, "paid_at": placed},
            "lines": [{"line_id": "1", "price": PRICE}],
            "ship_to": {"country": "DE", "postal_code": "10115"},
            "promised_by": (self.now - DAY).date().isoformat(),
            "placed_at": placed,
            "facts": [],
        }


@asynccontextmanager
async def shop_of(stack: Stack) -> AsyncIterator[Shop]:
    """The shop of a running stack."""
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector) as client:
        tokens = {name: await _token(stack, client, name, role) for name, role in PARTIES.items()}
        async with client.get(f"{stack.url('sandbox')}/clock") as answer:
            now = datetime.fromisoformat((await answer.json())["now"])
        yield Shop(stack, client, tokens, now)


async def _token(stack: Stack, client: aiohttp.ClientSession, sub: str, role: str) -> str:
    request = {"sub": sub, "roles": [role], "expires_in": 36_000}
    async with client.post(f"{stack.url('sandbox')}/token", json=request) as answer:
        return str((await answer.json())["access_token"])
