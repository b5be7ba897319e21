"""What every payment gateway does: one suite for all of them. Only an answer to the very key is an answer; all else is
unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import pytest
from aiohttp import web

from refund.gateways.port import Answer, Declined, Doubtful, Gateway, Issued, RefundCall, Said, Unanswered, checked
from refund.gateways.sandbox import SandboxGateway, sandbox_gateway
from shared.events.money import Money
from shared.events.refund import Destination
from shared.resilience.retry import transient
from tests.support.servers.sandbox import Served, sandbox
from tests.support.toys.marks import as_owner
from tests.support.toys.notes import listening

LIMIT = 60.0
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
        """The next refund meets a fault: `decline`, `timeout_before`, `timeout_after`, `error_after`."""


@dataclass
class Sandbox:
    gateway: Gateway
    running: Served
    dsn: str

    async def capture(self, order_id: str, amount: str) -> None:
        assert (await self.running.capture(order_id, amount)).status == 201

    async def paid(self, order_id: str) -> list[str]:
        return [
            line["amount"]["amount"]
            for line in await self.running.ledger(order_id=order_id)
            if line["kind"] == "refund"
        ]

    async def pass_a_day(self) -> None:
        await as_owner(self.dsn, "update refunds set asked_at = asked_at - interval '24 hours 1 second'")

    async def break_next(self, fault: str, **more: Any) -> None:
        assert (await self.running.post("/faults", {"on": "refund", "fault": fault, **more})).status == 201


@pytest.fixture(params=["sandbox"])
async def provider(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Provider]:
    dsn = await migrated("sandbox")
    async with sandbox(dsn) as running, sandbox_gateway(running.address, LIMIT) as gateway:
        yield Sandbox(gateway, running, dsn)


def call(
    amount: str = "25.00", refund_id: str = "rfd_1", attempt: int = 0, order_id: str = "o1", currency: str = "USD"
) -> RefundCall:
    return RefundCall(refund_id, order_id, order_id, Money.parse(amount, currency), Destination.ORIGINAL, attempt)


def refusal(answer: Answer) -> str:
    assert isinstance(answer, Declined)
    return answer.reason


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
    assert refusal(await provider.gateway.refund(call("20.00", "rfd_2"))) == "amount_exceeds_capture"
    assert await provider.paid("o1") == ["20.00"]


@pytest.mark.parametrize(("asked", "reason"), [(call(), "payment_unknown"), (call(currency="EUR"), "currency_differs")])
async def test_a_refund_that_cannot_be_paid_is_declined_with_a_reason(
    provider: Provider, asked: RefundCall, reason: str
) -> None:
    if reason != "payment_unknown":
        await provider.capture("o1", "100.00")
    assert refusal(await provider.gateway.refund(asked)) == reason


async def test_a_decline_holds_for_its_key_and_the_next_attempt_is_decided_anew(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next("decline", code="account_invalid")
    assert refusal(await provider.gateway.refund(call())) == "account_invalid"
    assert refusal(await provider.gateway.refund(call())) == "account_invalid"
    assert isinstance(await provider.gateway.refund(call(attempt=1)), Issued)
    assert await provider.paid("o1") == ["25.00"]


@pytest.mark.parametrize(
    ("fault", "paid"), [("timeout_before", []), ("timeout_after", ["25.00"]), ("error_after", ["25.00"])]
)
async def test_no_answer_is_unknown_and_the_same_call_again_tells_what_happened(
    provider: Provider, fault: str, paid: list[str]
) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next(fault, seconds=0.2)
    with pytest.raises(Unanswered) as unknown:
        await provider.gateway.refund(call())
    assert transient(unknown.value)
    assert await provider.paid("o1") == paid
    assert isinstance(await provider.gateway.refund(call()), Issued)
    assert await provider.paid("o1") == ["25.00"]


async def test_what_became_of_an_attempt_can_be_asked_without_moving_money(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    assert await provider.gateway.find(call()) is None
    issued = await provider.gateway.refund(call())
    await provider.break_next("decline")
    declined = await provider.gateway.refund(call(refund_id="rfd_2"))
    asked = (call(), call(refund_id="rfd_2"), call(refund_id="rfd_2", attempt=1))
    assert [await provider.gateway.find(each) for each in asked] == [issued, declined, None]
    assert await provider.paid("o1") == ["25.00"]


async def test_a_payment_is_found_by_its_refund_when_its_key_is_forgotten(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    issued = await provider.gateway.refund(call())
    await provider.pass_a_day()
    assert await provider.gateway.find(call()) == await provider.gateway.find(call(attempt=1)) == issued


async def test_a_forgotten_key_pays_once_more(provider: Provider) -> None:
    """What a provider may do: nobody must ask with a key that is a day old."""
    await provider.capture("o1", "100.00")
    await provider.gateway.refund(call())
    await provider.pass_a_day()
    await provider.gateway.refund(call())
    assert await provider.paid("o1") == ["25.00", "25.00"]


async def test_an_answer_says_what_it_is_about(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    answers = [await provider.gateway.refund(call()), await provider.gateway.refund(call("90.00", "rfd_2"))]
    assert [type(answer) for answer in answers] == [Issued, Declined]
    assert [
        checked(asked, answer) for asked, answer in zip((call(), call("90.00", "rfd_2")), answers, strict=True)
    ] == answers


async def test_nobody_there_is_unknown() -> None:
    async with sandbox_gateway("http://127.0.0.1:9", LIMIT) as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())
        with pytest.raises(Unanswered):
            await gateway.find(call())


async def test_an_answer_that_does_not_come_in_time_is_unknown() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as provider:
        port = provider.sockets[0].getsockname()[1]
        async with sandbox_gateway(f"http://127.0.0.1:{port}", 0.2) as gateway:
            with pytest.raises(Unanswered):
                await gateway.refund(call())


def answered(**other: Any) -> str:
    """The body of an answer to the call, unless it says something else."""
    asked = {"idempotency_key": "rfd_1/0", "refund_id": "rfd_1", "payment_id": "o1", "destination": "original"}
    return json.dumps(asked | {"status": "succeeded", "amount": {"amount": "25.00", "currency": "USD"}} | other)


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
        (201, answered(idempotency_key="rfd_2/0")),
        (202, answered(status="pending")),
        (201, answered(amount=None)),
        (401, '{"code": "unauthenticated"}'),
        (402, answered(idempotency_key="rfd_2/0", status="declined", code="account_invalid")),
        (404, '{"code": "not_found"}'),
        (422, '{"code": "idempotency_key_reused"}'),
        (429, '{"code": "too_many_requests"}'),
    ],
)
async def test_what_is_no_answer_to_this_key_is_unknown_whatever_its_status(status: int, body: str) -> None:
    async with answering(status, body) as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())


async def test_what_the_provider_says_that_it_paid_is_told_as_it_says_it() -> None:
    body = answered(refund_id="rfd_OTHER", amount={"amount": "1.00", "currency": "JPY"})
    async with answering(201, body) as gateway:
        answer = await gateway.refund(call())
    assert answer.said == Said("rfd_OTHER", "o1", "1.00", "JPY", "original")
    assert isinstance(checked(call(), answer), Doubtful)
