"""Gateways in a test's hands: each with the provider behind it, which can be told to misbehave."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from refund.gateways.guard import Guarded
from refund.gateways.port import Answer, Gateway, Pending, RefundCall
from refund.gateways.sandbox import sandbox_gateway
from refund.gateways.stripe.gateway import stripe_gateway
from shared.events.money import Money
from tests.support.servers.sandbox import Served, sandbox
from tests.support.servers.stripe_api import KEY, Fault, StripeApi
from tests.support.toys.marks import as_owner
from tests.support.toys.notes import listening
from tests.support.toys.worst_provider import FORGETS_AFTER, WorstProvider

Migrated = Callable[[str], Awaitable[str]]


class Provider(Protocol):
    """A gateway, and a hand on the provider behind it."""

    gateway: Gateway

    async def capture(self, order_id: str, amount: str) -> None:
        """Takes the buyer's money."""

    async def paid(self, order_id: str) -> list[str]:
        """The amounts that went back, by the provider's own books."""

    async def pass_a_day(self) -> None:
        """Keys that are known now are a day old afterwards."""

    async def break_next(self, fault: str, **more: Any) -> None:
        """The next refund meets a fault: `decline`, `pending`, `timeout_before`, `timeout_after`, `error_after`, or
        `error_not_kept` (before the effect, and nothing is remembered).
        """

    async def complete(self, refund_id: str) -> None:
        """What is pending of the refund is paid now."""


@dataclass
class Sandbox:
    """The sandbox's provider."""

    gateway: Gateway
    running: Served
    dsn: str

    async def capture(self, order_id: str, amount: str) -> None:
        assert (await self.running.capture(order_id, amount)).status == 201

    async def paid(self, order_id: str) -> list[str]:
        lines = await self.running.ledger(order_id=order_id)
        return [line["amount"]["amount"] for line in lines if line["kind"] == "refund"]

    async def pass_a_day(self) -> None:
        await as_owner(self.dsn, "update refunds set asked_at = asked_at - interval '24 hours 1 second'")

    async def break_next(self, fault: str, **more: Any) -> None:
        kind = "timeout_before" if fault == "error_not_kept" else fault
        assert (await self.running.post("/faults", {"on": "refund", "fault": kind, **more})).status == 201

    async def complete(self, refund_id: str) -> None:
        assert (await self.running.post(f"/psp/refunds/{refund_id}/completion", {"result": "succeeded"})).status == 200


@dataclass
class Stripe:
    """Stripe, as the local server of its shapes plays it."""

    gateway: Gateway
    api: StripeApi
    address: str
    """With the secret key, as the plug-in wants it."""

    async def capture(self, order_id: str, amount: str) -> None:
        self.api.captured[order_id] = Money.parse(amount, "USD").minor, "usd"

    async def paid(self, order_id: str) -> list[str]:
        return [Money(made["amount"], "USD", 2).amount for made in self.api.paid(order_id)]

    async def pass_a_day(self) -> None:
        self.api.now += FORGETS_AFTER.total_seconds() + 1

    async def break_next(self, fault: str, code: str | None = None, **more: Any) -> None:
        kind = "failed" if fault == "decline" else fault
        self.api.faults.append(Fault(kind, code=code, **more))

    async def complete(self, refund_id: str) -> None:
        self.api.become("succeeded")


@dataclass
class OneFault:
    """The worst provider, mended by the next refund; what it holds up stays held up."""

    provider: WorstProvider

    async def refund(self, call: RefundCall) -> Answer | Pending:
        try:
            return await self.provider.refund(call)
        finally:
            if self.provider.fault != "pending":
                self.provider.fault = "none"

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        return await self.provider.find(call)


@dataclass
class Worst:
    """What does the worst that the port's words allow, and knows nothing of captures."""

    gateway: Gateway
    provider: WorstProvider

    async def capture(self, order_id: str, amount: str) -> None:
        pass

    async def paid(self, order_id: str) -> list[str]:
        return [Money(minor, "USD", 2).amount for _, minor in self.provider.ledger]

    async def pass_a_day(self) -> None:
        self.provider.now += FORGETS_AFTER * 1.001

    async def break_next(self, fault: str, code: str = "account_invalid", **more: Any) -> None:
        self.provider.fault, self.provider.reason = fault, code

    async def complete(self, refund_id: str) -> None:
        self.provider.fault = "none"


@contextlib.asynccontextmanager
async def sandbox_provider(migrated: Migrated, limit: float) -> AsyncIterator[Sandbox]:
    """The sandbox's."""
    dsn = await migrated("sandbox")
    async with sandbox(dsn) as running, sandbox_gateway(running.address, limit) as gateway:
        yield Sandbox(Guarded(gateway, limit), running, dsn)


@contextlib.asynccontextmanager
async def stripe_provider(_: Migrated | None = None, limit: float = 2.0) -> AsyncIterator[Stripe]:
    """Stripe's."""
    api = StripeApi()
    async with listening(api.app()) as address, stripe_gateway(with_key(address)) as gateway:
        yield Stripe(Guarded(gateway, limit), api, with_key(address))


@contextlib.asynccontextmanager
async def worst_provider(_: Migrated | None = None, limit: float = 2.0) -> AsyncIterator[Worst]:
    """The worst one."""
    provider = WorstProvider()
    yield Worst(Guarded(OneFault(provider), limit), provider)


def with_key(address: str, key: str = KEY) -> str:
    """The address with the secret key in it."""
    return address.replace("://", f"://{key}@")
