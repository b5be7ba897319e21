"""What every payment gateway does: one suite for all of them. Only an answer to the very key is an answer; all else is
unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import pytest
from aiohttp import web

from refund.gateways.port import Declined, Gateway, Issued, RefundCall, Unanswered
from refund.gateways.sandbox import SandboxGateway, sandbox_gateway
from shared.events.money import Money
from shared.events.refund import Destination
from shared.resilience.retry import transient
from tests.support.servers.sandbox import Served, sandbox
from tests.support.toys.notes import listening

LIMIT = 5.0
Migrated = Callable[[str], Awaitable[str]]


class Provider(Protocol):
    """A gateway, and a hand on the provider behind it."""

    gateway: Gateway

    async def capture(self, order_id: str, amount: str) -> None:
        """Takes the buyer's money."""

    async def paid(self, order_id: str) -> list[str]:
        """The amounts that went back, by the provider's own books."""

    async def break_next(self, fault: str, **more: Any) -> None:
        """The next refund meets a fault: `decline`, `timeout_before`, `timeout_after`, `error_after`."""


@dataclass
class Sandbox:
    gateway: Gateway
    running: Served

    async def capture(self, order_id: str, amount: str) -> None:
        assert (await self.running.capture(order_id, amount)).status == 201

    async def paid(self, order_id: str) -> list[str]:
        return [
            line["amount"]["amount"]
            for line in await self.running.ledger(order_id=order_id)
            if line["kind"] == "refund"
        ]

    async def break_next(self, fault: str, **more: Any) -> None:
        assert (await self.running.post("/faults", {"on": "refund", "fault": fault, **more})).status == 201


@pytest.fixture(params=["sandbox"])
async def provider(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Provider]:
    async with sandbox(await migrated("sandbox")) as running, sandbox_gateway(running.address, LIMIT) as gateway:
        yield Sandbox(gateway, running)


def call(
    amount: str = "25.00", refund_id: str = "rfd_1", attempt: int = 0, order_id: str = "o1", currency: str = "USD"
) -> RefundCall:
    return RefundCall(refund_id, order_id, order_id, Money.parse(amount, currency), Destination.ORIGINAL, attempt)


async def test_a_refund_of_captured_money_is_issued_and_stands_in_the_books(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    answer = await provider.gateway.refund(call())
    assert isinstance(answer, Issued)
    assert answer.provider_ref
    assert await provider.paid("o1") == ["25.00"]


async def test_the_same_call_again_gets_the_first_answer_and_moves_no_money(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    answers = [await provider.gateway.refund(call()) for _ in range(3)]
    assert len(set(answers)) == 1
    assert await provider.paid("o1") == ["25.00"]


async def test_the_same_call_sixteen_times_at_once_pays_once(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    answers = await asyncio.gather(*(provider.gateway.refund(call()) for _ in range(16)))
    assert len(set(answers)) == 1
    assert await provider.paid("o1") == ["25.00"]


async def test_more_than_was_captured_is_declined(provider: Provider) -> None:
    await provider.capture("o1", "30.00")
    assert isinstance(await provider.gateway.refund(call("20.00")), Issued)
    assert await provider.gateway.refund(call("20.00", "rfd_2")) == Declined("amount_exceeds_capture")
    assert await provider.paid("o1") == ["20.00"]


@pytest.mark.parametrize(("asked", "reason"), [(call(), "payment_unknown"), (call(currency="EUR"), "currency_differs")])
async def test_a_refund_that_cannot_be_paid_is_declined_with_a_reason(
    provider: Provider, asked: RefundCall, reason: str
) -> None:
    if reason != "payment_unknown":
        await provider.capture("o1", "100.00")
    assert await provider.gateway.refund(asked) == Declined(reason)


async def test_a_decline_holds_for_its_key_and_the_next_attempt_is_decided_anew(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next("decline", code="account_invalid")
    assert await provider.gateway.refund(call()) == Declined("account_invalid")
    assert await provider.gateway.refund(call()) == Declined("account_invalid")
    assert isinstance(await provider.gateway.refund(call(attempt=1)), Issued)
    assert await provider.paid("o1") == ["25.00"]


@pytest.mark.parametrize(
    ("fault", "paid"), [("timeout_before", []), ("timeout_after", ["25.00"]), ("error_after", ["25.00"])]
)
async def test_no_answer_is_unknown_and_the_same_call_again_tells_what_happened(
    provider: Provider, fault: str, paid: list[str]
) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next(fault)
    with pytest.raises(Unanswered) as unknown:
        await provider.gateway.refund(call())
    assert transient(unknown.value)
    assert await provider.paid("o1") == paid
    assert isinstance(await provider.gateway.refund(call()), Issued)
    assert await provider.paid("o1") == ["25.00"]


async def test_what_became_of_a_key_can_be_asked_without_moving_money(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    assert await provider.gateway.find("rfd_1/0") is None
    issued = await provider.gateway.refund(call())
    await provider.break_next("decline")
    declined = await provider.gateway.refund(call(refund_id="rfd_2"))
    assert [await provider.gateway.find(key) for key in ("rfd_1/0", "rfd_2/0", "rfd_1/1")] == [issued, declined, None]
    assert await provider.paid("o1") == ["25.00"]


async def test_nobody_there_is_unknown() -> None:
    async with sandbox_gateway("http://127.0.0.1:9", LIMIT) as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())
        with pytest.raises(Unanswered):
            await gateway.find("rfd_1/0")


@contextlib.asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[SandboxGateway]:
    """A gateway to something that answers the same to everything."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/psp/refunds", answer)
    async with listening(app) as address, aiohttp.ClientSession(address) as session:
        yield SandboxGateway(session)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""),
        (200, "<html>Welcome to the hotel's network</html>"),
        (200, '{"status": "succeeded"}'),
        (200, '{"idempotency_key": "rfd_2/0", "status": "succeeded"}'),
        (202, '{"idempotency_key": "rfd_1/0", "status": "pending"}'),
        (401, '{"code": "unauthenticated"}'),
        (402, '{"idempotency_key": "rfd_2/0", "status": "declined", "code": "account_invalid"}'),
        (404, '{"code": "not_found"}'),
        (422, '{"code": "idempotency_key_reused"}'),
        (429, '{"code": "too_many_requests"}'),
    ],
)
async def test_what_is_no_answer_to_this_key_is_unknown_whatever_its_status(status: int, body: str) -> None:
    async with answering(status, body) as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())
