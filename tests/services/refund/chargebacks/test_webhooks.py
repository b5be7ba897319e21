"""Chargebacks by webhook: what the provider says of one is recorded as a report of it is, however it comes (ADR 58)."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from refund.gateways.stripe.refunds import THOUSANDTHS, WHOLE_UNITS, units_of
from refund.webhooks.port import ChargebackSaid, Malformed, Word
from refund.webhooks.sandbox import sandbox_webhooks
from refund.webhooks.stripe import money_of, stripe_webhooks
from shared.events.money import DECIMALS, Money
from shared.events.outside.chargeback import ChargebackResult
from shared.http.request.webhooks import key_of, signed_headers
from shared.process.environment import SANDBOX_WEBHOOKS
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import Paying, serving_payments
from tests.support.servers.stack import eventually
from tests.support.servers.stripe_messages import DISPUTE, INQUIRIES, message

Migrated = Callable[[str], Awaitable[str]]
PSP = "/v1/webhooks/psp"
SECRET = "whsec_of_this_endpoint_00"


@pytest.fixture
async def paying(migrated: Migrated) -> AsyncIterator[Paying]:
    async with serving_payments(await migrated("refund"), await migrated("sandbox")) as paying:
        await paying.ask(p.capture())
        yield paying


def event(event_id: str = "evt_1", **about: Any) -> bytes:
    return json.dumps(message("charge.dispute.updated", {**DISPUTE, **about}, event_id)).encode()


def signed(body: bytes) -> dict[str, str]:
    at = int(time.time())
    return {
        "stripe-signature": f"t={at},v1={hmac.new(SECRET.encode(), f'{at}.'.encode() + body, 'sha256').hexdigest()}"
    }


def heard(body: bytes) -> Word:
    headers = {name.encode(): value.encode() for name, value in signed(body).items()}
    return stripe_webhooks([SECRET])(headers, body, time.time())


async def tell(paying: Paying, body: bytes) -> str:
    paying.served.served.app.state.webhooks = stripe_webhooks([SECRET])
    headers = {"Content-Type": "application/json", **signed(body)}
    answered = await paying.served.served.ask("POST", PSP, data=body, headers=headers)
    assert answered.status == 200
    return str(answered.body["result"])


async def recorded(paying: Paying) -> list[str]:
    return [name for name in await paying.types() if name in ("RefundsFrozen", "RefundsUnfrozen")]


@pytest.mark.parametrize("fault", ["duplicate", "reorder", "drop", "forge"])
async def test_s103_t34_t35_a_chargeback_at_the_provider_is_recorded_once_whatever_becomes_of_its_messages(
    paying: Paying, fault: str
) -> None:
    assert (await paying.psp.post("/faults", {"on": "webhook", "fault": fault})).status == 201
    money = {"amount": "100.00", "currency": "USD"}
    opened = await paying.psp.post("/psp/chargebacks", {"order_id": "o1", "amount": money, "reason_code": "13.1"})
    decided = f"/psp/chargebacks/{opened.body['id']}/result"
    assert (await paying.psp.post(decided, {"result": "buyer_paid"})).status == 200

    async def is_decided() -> bool:
        return "RefundsUnfrozen" in await recorded(paying)

    await eventually(is_decided)
    assert await recorded(paying) == ["RefundsFrozen", "RefundsUnfrozen"]
    one = (await paying.payment()).chargebacks[opened.body["id"]]
    assert (one.state, one.opened.reason_code, one.opened.amount) == ("buyer_paid", "13.1", p.usd(10_000))


async def test_s103_stripes_disputes_are_found_by_their_payment_in_any_order_and_once(paying: Paying) -> None:
    assert await tell(paying, event("evt_2", status="lost")) == "taken"
    assert await tell(paying, event("evt_1")) == "repeated"
    assert await tell(paying, event("evt_2", status="lost")) == "repeated"
    assert await tell(paying, event("evt_3", status="won")) == "ignored"
    assert await recorded(paying) == ["RefundsFrozen", "RefundsUnfrozen"]
    (one,) = (await paying.payment()).chargebacks.values()
    assert (one.id, one.state, one.opened.opened_at) == ("du_1", "buyer_paid", p.MONDAY)
    assert one.ended and one.ended.resolved_at == p.MONDAY, "the provider's clock is a day ahead"


async def test_s103_what_anybody_has_reported_is_not_recorded_again(paying: Paying) -> None:
    assert await tell(paying, event()) == "taken"
    reported = {"order_id": "o1", "chargeback_id": "du_1", "opened_at": "2026-03-02T09:00:00Z"}
    reported["amount"] = {"amount": "100.00", "currency": "USD"}  # type: ignore[assignment]
    assert (await paying.served.post("/v1/chargebacks", p.SUPPORT, reported)).status == 201
    assert await recorded(paying) == ["RefundsFrozen"]


async def test_s103_a_dispute_of_nobodys_payment_or_of_several_orders_is_left_to_people(paying: Paying) -> None:
    assert await tell(paying, event(payment_intent="pi_2")) == "ignored"
    await paying.ask(p.capture(payment_id="o1").model_copy(update={"order_id": "o2"}))
    assert await tell(paying, event()) == "ignored"
    assert await recorded(paying) == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("needs_response", None),
        ("under_review", None),
        ("won", ChargebackResult.BUYER_NOT_PAID),
        ("charge_refunded", ChargebackResult.BUYER_NOT_PAID),
        ("lost", ChargebackResult.BUYER_PAID),
    ],
)
def test_s103_a_dispute_of_stripes_is_told_from_its_beginning(status: str, result: ChargebackResult | None) -> None:
    said = ChargebackSaid(
        chargeback_id="du_1",
        payment_ids=["o1", "ch_1"],
        amount=p.usd(10_000),
        reason_code="product_not_received",
        opened_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
        result=result,
        resolved_at=datetime(2026, 3, 3, 10, tzinfo=UTC) if result else None,
    )
    assert heard(event(status=status)) == Word("evt_1", None, said)


@pytest.mark.parametrize("status", INQUIRIES)
def test_s103_an_inquiry_takes_nothing_back(status: str) -> None:
    assert heard(event(status=status)) == Word("evt_1", None)


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "100.00"}, {"currency": "xxx"}, {"currency": "isk", "amount": 101}, {"id": ""}, {"status": None}],
)
def test_what_stripe_signs_and_is_no_dispute_is_malformed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        heard(event(**wrong))


@pytest.mark.parametrize("currency", sorted({*WHOLE_UNITS, *THOUSANDTHS, "ISK", "UGX", "USD"}))
def test_stripes_units_are_read_as_the_gateway_writes_them(currency: str) -> None:
    money = Money(4200, currency, DECIMALS[currency])
    units = units_of(money)
    assert units is not None and money_of(units, currency) == money


def test_what_the_sandbox_signs_and_is_no_chargeback_is_malformed() -> None:
    secret = SANDBOX_WEBHOOKS.partition("+")[2]
    body = json.dumps({"type": "chargeback.opened", "data": {"id": "cb-1"}}).encode()
    headers = signed_headers(key_of(secret), "evt_1", time.time(), body)
    with pytest.raises(Malformed):
        sandbox_webhooks([secret])({k.encode(): v.encode() for k, v in headers.items()}, body, time.time())
