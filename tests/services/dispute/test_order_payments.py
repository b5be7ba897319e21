"""Several payments of an order as a shop tells them, and its captures, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from dispute.api.bodies.orders import OrderBody
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body, usd

CARD: dict[str, Any] = {"payment_id": "card", "method": "visa", "amount": usd("35.00")}
BALANCE: dict[str, Any] = {"payment_id": "bal", "method": "balance", "amount": usd("15.00")}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


def paid(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"amount": usd("50.00"), "parts": list(parts), **more}


async def capture(service: InMemory, order_id: str, **told: Any) -> Any:
    body = {"capture_id": "cap-1", "captured_at": "2026-03-02T12:00:00Z", **told}
    return await service.ask("POST", f"/v1/orders/{order_id}/captures", body=body)


async def test_several_payments_are_taken_where_they_add_up_and_are_the_same_order_again(service: InMemory) -> None:
    payment = paid(CARD, BALANCE)
    assert came_of(await service.order("order-parts", payment=payment)) == "201"
    assert came_of(await service.order("order-parts", payment=payment)) == "200"
    other = paid(CARD, {**BALANCE, "captured": usd("0.00")})
    assert came_of(await service.order("order-parts", payment=other)) == "409 order_differs"


@pytest.mark.parametrize(
    ("payment", "pointer"),
    [
        ({"amount": usd("50.00")}, "/payment/method"),
        (paid(CARD, BALANCE, method="visa"), "/payment/method"),
        (paid(CARD, BALANCE, payment_id="pay-1"), "/payment/payment_id"),
        (paid(CARD, {**BALANCE, "payment_id": "card"}), "/payment/parts"),
        (paid(CARD), "/payment/parts"),
        (paid(CARD, {**BALANCE, "amount": {"amount": "15.00", "currency": "EUR"}}), "/payment/parts/1"),
        (paid(CARD, {**BALANCE, "captured": usd("15.01")}), "/payment/parts/1/captured"),
        (paid(CARD, {**BALANCE, "amount": usd("0.00")}), "/payment/parts/1/amount"),
    ],
)
async def test_the_fault_of_a_payment_is_where_it_is(service: InMemory, payment: dict[str, Any], pointer: str) -> None:
    assert came_of(await service.order("order-wrong", payment=payment)) == f"422 validation_failed {pointer}"


async def test_a_capture_is_told_once_and_never_above_what_was_authorised(service: InMemory) -> None:
    await service.order("order-later", payment=paid({**CARD, "captured": usd("5.00")}, BALANCE))
    told = {"payment_id": "card", "amount": usd("20.00"), "lines": [{"line_id": "1", "quantity": 1}]}
    first = await capture(service, "order-later", **told)
    again = await capture(service, "order-later", **told)
    assert (came_of(first), came_of(again)) == ("201", "201")
    assert first.json()["lines"] == again.json()["lines"] == [{"line_id": "1", "amount": usd("20.00")}]
    other = await capture(service, "order-later", **told | {"amount": usd("20.01")})
    assert came_of(other) == "409 capture_differs"
    above = await capture(service, "order-later", **told | {"capture_id": "cap-2", "amount": usd("10.01")})
    assert (came_of(above), above.json()["cap"]) == ("422 amount_exceeds_cap", usd("10.00"))
    assert came_of(await capture(service, "order-none", **told)) == "404 not_found"


def test_an_order_of_one_payment_has_the_digest_that_it_had() -> None:
    """So that a repeat of what was sent before there could be several is still the same order."""
    body = OrderBody.model_validate(order_body())
    had = "872e2fbf93185db30430bf1c10ee7215e3315e62ed4d10ee919e5d0a208e20fc"
    assert body.fields("order-1")["body_digest"] == had
