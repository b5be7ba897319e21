"""What every payment gateway does: one suite for all of them. Only an answer to the very key is an answer; all else is
unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from refund.gateways.guard import Guarded
from refund.gateways.plugins import Plugin
from refund.gateways.port import Declined, Doubtful, Issued, Pending, RefundCall, Said, Unanswered, Unavailable, checked
from refund.gateways.sandbox import SandboxGateway, sandbox_gateway
from refund.gateways.stripe.gateway import stripe_gateway
from shared.events.money import Money
from shared.events.refund import Destination
from shared.resilience.retry import transient
from tests.support.servers.gateways import (
    Migrated,
    Provider,
    sandbox_provider,
    stripe_provider,
    worst_provider,
)
from tests.support.toys.notes import listening

LIMIT = 60.0

Opened = Callable[[Migrated, float], AbstractAsyncContextManager[Provider]]
PROVIDERS: dict[str, Opened] = {"sandbox": sandbox_provider, "stripe": stripe_provider, "worst": worst_provider}
CAREFUL = ("sandbox", "stripe")
"""Those that know what was captured, and what they have declined."""


@pytest.fixture(params=PROVIDERS)
async def provider(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Provider]:
    async with PROVIDERS[request.param](migrated, LIMIT) as provider:
        yield provider


@pytest.fixture(params=CAREFUL)
async def careful(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Provider]:
    async with PROVIDERS[request.param](migrated, LIMIT) as provider:
        yield provider


def call(
    amount: str = "25.00", refund_id: str = "rfd_1", attempt: int = 0, order_id: str = "o1", currency: str = "USD"
) -> RefundCall:
    return RefundCall(refund_id, order_id, order_id, Money.parse(amount, currency), Destination.ORIGINAL, attempt)


def refusal(answer: object) -> str:
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


async def test_more_than_was_captured_is_declined(careful: Provider) -> None:
    await careful.capture("o1", "30.00")
    assert isinstance(await careful.gateway.refund(call("20.00")), Issued)
    assert refusal(await careful.gateway.refund(call("20.00", "rfd_2"))) == "amount_exceeds_capture"
    assert await careful.paid("o1") == ["20.00"]


async def test_a_refund_of_an_unknown_payment_is_declined_with_a_reason(careful: Provider) -> None:
    assert refusal(await careful.gateway.refund(call())) == "payment_unknown"


async def test_a_refund_in_another_currency_is_never_taken_for_paid(careful: Provider) -> None:
    await careful.capture("o1", "100.00")
    asked = call(currency="EUR")
    assert not isinstance(checked(asked, await careful.gateway.refund(asked)), Issued)


async def test_a_decline_holds_for_its_key_and_the_next_attempt_is_decided_anew(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next("decline", code="account_invalid")
    assert refusal(await provider.gateway.refund(call())) == "account_invalid"
    assert refusal(await provider.gateway.refund(call())) == "account_invalid"
    assert isinstance(await provider.gateway.refund(call(attempt=1)), Issued)
    assert await provider.paid("o1") == ["25.00"]


@pytest.mark.parametrize(
    ("fault", "paid"),
    [
        ("timeout_before", []),
        ("timeout_after", ["25.00"]),
        ("error_after", ["25.00"]),
        ("error_not_kept", []),
    ],
)
async def test_no_answer_is_unknown_or_asked_after_and_the_same_call_again_tells_what_happened(
    provider: Provider, fault: str, paid: list[str]
) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next(fault, seconds=0.2)
    try:
        assert isinstance(await provider.gateway.refund(call()), Issued) and fault == "error_after"
    except Unanswered as unknown:
        assert transient(unknown)
    assert await provider.paid("o1") == paid
    assert isinstance(await provider.gateway.refund(call()), Issued)
    assert await provider.paid("o1") == ["25.00"]


async def test_what_is_pending_is_asked_after_by_either_question_and_paid_once(provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    await provider.break_next("pending")
    asked = [await provider.gateway.refund(call()), await provider.gateway.find(call())]
    assert [type(answer) for answer in asked] == [Pending] * 2
    assert len({answer.provider_ref for answer in asked if isinstance(answer, Pending)}) == 1
    await provider.complete("rfd_1")
    found = await provider.gateway.find(call())
    assert isinstance(found, Issued) and checked(call(), found) == found
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


async def test_an_answer_says_what_it_is_about(careful: Provider) -> None:
    await careful.capture("o1", "100.00")
    answers = [await careful.gateway.refund(call()), await careful.gateway.refund(call("90.00", "rfd_2"))]
    assert [type(answer) for answer in answers] == [Issued, Declined]
    assert [
        checked(asked, answer) for asked, answer in zip((call(), call("90.00", "rfd_2")), answers, strict=True)
    ] == answers


PLUGINS: dict[str, tuple[Plugin, str]] = {
    "sandbox": (sandbox_gateway, "http://"),
    "stripe": (stripe_gateway, "http://sk_test@"),
}
"""Each gateway's plug-in, and what an address begins with."""


@pytest.mark.parametrize(("plugin", "begins"), PLUGINS.values(), ids=PLUGINS)
async def test_nobody_there_is_unknown(plugin: Plugin, begins: str) -> None:
    async with plugin(f"{begins}127.0.0.1:9") as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())
        with pytest.raises(Unanswered):
            await gateway.find(call())


@pytest.mark.parametrize(("plugin", "begins"), PLUGINS.values(), ids=PLUGINS)
async def test_an_answer_that_does_not_come_in_time_is_unknown(plugin: Plugin, begins: str) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as provider:
        port = provider.sockets[0].getsockname()[1]
        async with plugin(f"{begins}127.0.0.1:{port}") as gateway:
            guarded = Guarded(gateway, 0.2)
            for asked in (guarded.refund, guarded.find):
                with pytest.raises(Unavailable):
                    await asked(call())


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
