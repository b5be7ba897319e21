"""A service's own application over a store in memory, asked without a socket: what its edge takes and refuses."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import httpx

from shared.eventstore.memory import MemoryEventStore
from shared.http.app import App
from shared.process.clock import SystemClock
from tests.support.toys.notes import Issuer, client_of, running_issuer, settings_for

TYPED = {"Content-Type": "application/json"}


@dataclass
class InMemory:
    """The application, who signs its tokens, and a client without a token."""

    app: App
    issuer: Issuer
    client: httpx.AsyncClient
    keys: list[int] = field(default_factory=list)

    async def ask(self, method: str, path: str, *, role: str = "service", sub: str = "", **more: Any) -> httpx.Response:
        """One request of a party; `body` may be a value or bytes, `key` an Idempotency-Key, `seen` an ETag."""
        body, key, seen = more.pop("body", None), more.pop("key", ""), more.pop("seen", "")
        conditions = {"Idempotency-Key": key, "If-Match": seen}
        given = {name: value for name, value in conditions.items() if value}
        headers = {**self.issuer.bearer(sub or f"{role}-1", role), **given, **more.pop("headers", {})}
        if isinstance(body, bytes):
            return await self.client.request(method, path, content=body, headers={**TYPED, **headers}, **more)
        return await self.client.request(
            method, path, headers=headers, **({} if body is None else {"json": body}), **more
        )

    async def order(self, order_id: str = "order-1", **changed: Any) -> httpx.Response:
        """Registers an order of two lines, delivered yesterday in real time."""
        return await self.ask("PUT", f"/v1/orders/{order_id}", body=order_body(**changed))

    async def fact(self, order_id: str = "order-1", **told: Any) -> httpx.Response:
        """Tells a fact of an order."""
        return await self.ask("POST", f"/v1/orders/{order_id}/facts", body=told)


def came_of(answer: httpx.Response) -> str:
    """`422 validation_failed /at`: status, code and the first pointer of an answer."""
    body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    body = body if isinstance(body, dict) else {}
    first = next((fault["pointer"] for fault in body.get("errors", ())), None)
    return " ".join(filter(None, [str(answer.status_code), body.get("code"), first]))


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def order_body(**changed: Any) -> dict[str, Any]:
    """An order as a shop tells it; by `changed` other members, those that are None left out."""
    line = {"line_id": "1", "sku": "headphones-1", "category": "headphones", "price": usd("50.00"), "quantity": 1}
    body = {
        "buyer_id": "buyer-1",
        "seller_id": "seller-1",
        "payment": {"method": "visa", "amount": usd("50.00")},
        "lines": [line],
        "ship_to": {"country": "DE"},
        "placed_at": "2026-03-01T12:00:00Z",
        **changed,
    }
    return {name: value for name, value in body.items() if value is not None}


@contextlib.asynccontextmanager
async def in_memory(service: str, **settings: Any) -> AsyncIterator[InMemory]:
    """The service's application as it is built for production, with its log in memory."""
    async with running_issuer() as issuer:
        app = import_module(f"{service}.app").build(settings_for(issuer, **settings))
        app.clock = SystemClock()
        if decider := getattr(app.state, "decider", None):
            app.state.store = MemoryEventStore(decider.deadlines)
        async with client_of(app) as client:
            yield InMemory(app, issuer, client)
