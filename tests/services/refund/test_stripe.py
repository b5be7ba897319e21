"""Stripe behind the port: what each of its answers comes to, on a local server of its shapes."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe as sdk
from aiohttp import web
from stripe.params import RefundCreateParams, RefundListParams

from refund.gateways.port import Answer, Declined, Issued, Pending, RefundCall, Unanswered, Unavailable, checked
from refund.gateways.stripe.gateway import stripe_gateway
from refund.gateways.stripe.refunds import exponent_of, units_of
from shared.events.money import Money
from shared.events.refund import Destination
from shared.resilience.breaker import FAILURES
from tests.support.servers.gateways import Stripe, stripe_provider, with_key
from tests.support.servers.stripe_api import KEY, Fault, Refused
from tests.support.toys.notes import listening


@pytest.fixture
async def stripe() -> AsyncIterator[Stripe]:
    async with stripe_provider() as stripe:
        await stripe.capture("pi_1", "100.00")
        yield stripe


def call(refund_id: str = "rfd_1", attempt: int = 0, payment_id: str = "pi_1", minor: int = 2500) -> RefundCall:
    return RefundCall(refund_id, "o1", payment_id, Money(minor, "USD", 2), Destination.ORIGINAL, attempt)


def reason(answer: object) -> str:
    assert isinstance(answer, Declined)
    return answer.reason


async def test_a_refund_bears_its_id_and_its_key_in_its_metadata(stripe: Stripe) -> None:
    answer = await stripe.gateway.refund(call())
    assert isinstance(answer, Issued)
    (made,) = stripe.api.refunds
    assert (made["id"], made["amount"], made["payment_intent"]) == (answer.provider_ref, 2500, "pi_1")
    assert made["metadata"] == {"makewhole_refund_id": "rfd_1", "makewhole_key": "rfd_1/0"}
    assert checked(call(), answer) == answer


async def test_a_payment_that_is_known_by_its_charge_is_paid_back_from_it(stripe: Stripe) -> None:
    await stripe.capture("ch_1", "100.00")
    asked = call(payment_id="ch_1")
    assert checked(asked, await stripe.gateway.refund(asked)) == await stripe.gateway.find(asked)
    assert stripe.api.refunds[0]["charge"] == "ch_1"


@pytest.mark.parametrize("status", ["pending", "requires_action"])
@pytest.mark.parametrize(("later", "comes_to"), [("succeeded", Issued), ("failed", Declined), ("canceled", Declined)])
async def test_what_stripe_is_not_done_with_is_pending_until_it_is_and_never_made_again(
    stripe: Stripe, status: str, later: str, comes_to: type[Answer]
) -> None:
    await stripe.break_next(status)
    answers = [
        await stripe.gateway.refund(call()),
        await stripe.gateway.refund(call()),
        await stripe.gateway.find(call()),
    ]
    assert [type(answer) for answer in answers] == [Pending] * 3
    stripe.api.become(later, "insufficient_funds" if later == "failed" else None)
    assert isinstance(await stripe.gateway.refund(call()), comes_to)
    assert isinstance(await stripe.gateway.find(call()), comes_to)
    assert len(stripe.api.refunds) == 1


async def test_a_failed_refund_bears_stripes_reason_and_the_next_attempt_is_a_refund_of_its_own(stripe: Stripe) -> None:
    await stripe.break_next("decline", code="expired_or_canceled_card")
    assert reason(await stripe.gateway.refund(call())) == "expired_or_canceled_card"
    assert isinstance(await stripe.gateway.refund(call(attempt=1)), Issued)
    assert isinstance(await stripe.gateway.find(call()), Issued)
    assert len(stripe.api.paid("pi_1")) == 1


async def test_a_saved_500_is_asked_about_under_the_same_key_alone_and_holds_nobody_else_up(stripe: Stripe) -> None:
    stripe.api.faults.append(Fault("error_before"))
    for _ in range(2 * FAILURES):
        with pytest.raises(Unanswered) as unknown:
            await stripe.gateway.refund(call())
        assert not isinstance(unknown.value, Unavailable)
    assert set(stripe.api.posts) == {"rfd_1/0"}
    assert stripe.api.refunds == []
    assert isinstance(await stripe.gateway.refund(call("rfd_2")), Issued)


@pytest.mark.parametrize("fault", ["error_not_kept", "timeout_before", "away"])
async def test_once_stripe_is_back_the_same_call_pays_once(stripe: Stripe, fault: str) -> None:
    if fault != "away":
        await stripe.break_next(fault, times=3, seconds=0.01)
    for n in range(3):
        stripe.api.away = fault == "away"
        with pytest.raises(Unanswered):
            await stripe.gateway.refund(call())
        assert stripe.api.refunds == [], n
    stripe.api.away = False
    answers = [await stripe.gateway.refund(call()) for _ in range(2)]
    assert answers[0] == answers[1] and isinstance(answers[0], Issued)
    assert len(stripe.api.refunds) == 1
    assert set(stripe.api.posts) == {"rfd_1/0"}


async def test_a_500_after_the_effect_is_found_at_once_by_the_refunds_id(stripe: Stripe) -> None:
    stripe.api.faults.append(Fault("error_after"))
    answers = [await stripe.gateway.refund(call()) for _ in range(2)]
    assert answers[0] == answers[1] and isinstance(answers[0], Issued)
    assert len(stripe.api.refunds) == 1


@pytest.mark.parametrize(
    ("status", "error", "code", "said"),
    [
        (404, "invalid_request_error", "resource_missing", "payment_unknown"),
        (400, "invalid_request_error", "charge_already_refunded", "amount_exceeds_capture"),
        (400, "invalid_request_error", "charge_disputed", "charge_disputed"),
        (400, "invalid_request_error", None, "declined"),
        (402, "card_error", "expired_card", "expired_card"),
    ],
)
async def test_what_stripe_refuses_is_declined_with_a_reason(
    stripe: Stripe, status: int, error: str, code: str | None, said: str
) -> None:
    stripe.api.faults.append(Fault("refuse", status=status, error=error, code=code))
    assert reason(await stripe.gateway.refund(call())) == said


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "idempotency_error", Unanswered),
        (401, "invalid_request_error", Unavailable),
        (403, "invalid_request_error", Unavailable),
        (409, "invalid_request_error", Unanswered),
        (429, "invalid_request_error", Unavailable),
        (500, "api_error", Unanswered),
        (503, "api_error", Unanswered),
    ],
)
async def test_what_says_nothing_of_this_refund_is_unknown(
    stripe: Stripe, status: int, error: str, kind: type[Unanswered]
) -> None:
    stripe.api.faults.append(Fault("refuse", status=status, error=error))
    with pytest.raises(Unanswered) as unknown:
        await stripe.gateway.refund(call())
    assert type(unknown.value) is kind


async def test_a_refusal_counts_less_than_a_payment_that_is_in_the_books(stripe: Stripe) -> None:
    """Stripe has forgotten the key, and says that there is nothing left to pay back: for we have it."""
    asked = call(minor=10_000)
    issued = await stripe.gateway.refund(asked)
    await stripe.pass_a_day()
    assert await stripe.gateway.refund(asked) == issued
    assert len(stripe.api.refunds) == 1


async def test_a_refund_is_found_among_more_than_a_page_of_them(stripe: Stripe) -> None:
    for n in range(230):
        await stripe.gateway.refund(call(f"rfd_{n}", minor=1))
    assert isinstance(await stripe.gateway.find(call("rfd_0")), Issued)
    assert await stripe.gateway.find(call("rfd_none")) is None


async def test_a_refund_of_somebody_elses_is_no_concern_of_ours(stripe: Stripe) -> None:
    await stripe.gateway.refund(call())
    stripe.api.refunds.append(stripe.api.refunds[0] | {"id": "re_old", "metadata": None, "status": None})
    assert isinstance(await stripe.gateway.find(call()), Issued)


async def test_the_local_server_speaks_in_the_fields_of_stripes_own_document(stripe: Stripe) -> None:
    """The SDK's types are made from it."""
    await stripe.gateway.refund(call())
    await stripe.gateway.find(call())
    assert set(stripe.api.refunds[0]) <= set(sdk.Refund.__annotations__)
    assert stripe.api.params <= set(RefundCreateParams.__annotations__ | RefundListParams.__annotations__)
    assert set(Refused(400, "x").body["error"]) <= {*sdk.ErrorObject.__annotations__}


async def test_a_key_that_stripe_does_not_know_moves_nothing(stripe: Stripe) -> None:
    address = stripe.address.replace(KEY, "sk_of_somebody_else")
    async with stripe_gateway(address) as gateway:
        for ask in (gateway.refund, gateway.find):
            with pytest.raises(Unavailable):
                await ask(call())
    assert stripe.api.refunds == []


async def test_stripe_pays_back_to_where_the_money_came_from_alone(stripe: Stripe) -> None:
    bonus = RefundCall("rfd_1", "o1", "pi_1", Money(2500, "USD", 2), Destination.BONUS, 0)
    assert reason(await stripe.gateway.refund(bonus)) == "destination_unknown"
    assert stripe.api.posts == []


BODIES = [
    (200, ""),
    (200, "<html>Welcome to the hotel's network</html>"),
    (200, '{"id": "re_1", "object": "refund", "status": "succeeded"}'),
    (200, '{"id": "re_1", "object": "refund", "status": "succeeded", "currency": "usd", "amount": "2500"}'),
    (200, '{"id": "re_1", "object": "refund", "status": "delighted", "currency": "usd", "amount": 2500}'),
    (200, '{"error": {"type": "api_error"}}'),
    (200, f'{{"id": "{"x" * 3_000_000}"}}'),
    (302, ""),
    (404, "<html>no such page</html>"),
]


@pytest.mark.parametrize(("status", "body"), BODIES, ids=range(len(BODIES)))
async def test_what_is_no_refund_is_unknown_whatever_its_status(status: int, body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        headers = {"Location": "http://127.0.0.1:9/elsewhere"}
        return web.Response(status=status, text=body, content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_route("*", "/v1/refunds", answer)
    async with listening(app) as address, stripe_gateway(with_key(address)) as gateway:
        with pytest.raises(Unanswered):
            await gateway.refund(call())


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("12.34", "USD", 1234),
        ("500", "JPY", 500),
        ("5.124", "KWD", 5124),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("3.00", "MGA", 3),
        ("3.40", "MGA", None),
    ],
)
def test_amounts_are_in_the_units_that_stripe_counts_in(amount: str, currency: str, units: int | None) -> None:
    asked = Money.parse(amount, currency)
    assert units_of(asked) == units
    if units is not None:
        assert float(Money(units, currency, exponent_of(currency)).amount) == float(amount)


async def test_an_amount_for_which_stripe_has_no_unit_is_declined(stripe: Stripe) -> None:
    asked = RefundCall("rfd_1", "o1", "pi_1", Money.parse("3.40", "MGA"), Destination.ORIGINAL, 0)
    assert reason(await stripe.gateway.refund(asked)) == "amount_invalid"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://api.stripe.com",
        "sk_live@api.stripe.com",
        "https://sk@",
        "https://sk@h/v1",
        "https://sk_live_hush@api.stripe.com\u2100",
        "https://sk_live_hush@[api.stripe.com",
        "https://sk_live_hush@api.stripe.com:port",
    ],
)
def test_an_address_without_a_key_or_a_host_is_said_to_be_none(address: str) -> None:
    with pytest.raises(ValueError, match="secret key") as refused:
        stripe_gateway(address)
    assert not address or address not in str(refused.value)
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def says(error: Any) -> str:
    return f"{error}{error.__cause__}"


async def test_no_error_repeats_the_key(stripe: Stripe) -> None:
    async with stripe_gateway(stripe.address.replace(KEY, "sk_live_very_secret")) as gateway:
        with pytest.raises(Unavailable) as unknown:
            await gateway.refund(call())
    assert "very_secret" not in says(unknown.value)
