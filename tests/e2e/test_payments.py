"""Several payments of an order end to end: each gives its share back, and what is taken later may be refunded from then
on (G9, ADR 46).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.client import Json, Services, eventually
from tests.e2e.deals import Deal, ordered, usd, wire
from tests.e2e.deals import now as present

pytestmark = pytest.mark.e2e


async def took(services: Services, order_id: str, payment_id: str, amount: str, **more: Any) -> None:
    """The provider takes so much of a payment."""
    body = {"order_id": order_id, "payment_id": payment_id, "amount": usd(amount), **more}
    (await services.send("sandbox", "POST", "/psp/captures", json=body)).ok(201)


async def shared(services: Services, *parts: Json) -> Deal:
    """A paid order that these payments share, each taken as it says."""
    deal = await ordered(services, capture=None, payment={"method": None, "parts": parts})
    for part in parts:
        taken = (part.get("captured") or part["amount"])["amount"]
        if float(taken):
            await took(services, deal.order_id, part["payment_id"], taken)
    return deal


async def given_back(services: Services, deal: Deal) -> list[tuple[str, str]]:
    """What the provider gave back, by payment."""
    lines = await services.ledger(deal.order_id)
    return sorted((line["payment_id"], line["amount"]["amount"]) for line in lines if line["refund_id"])


async def test_g9_card_and_balance_give_back_their_shares_of_one_refund(services: Services) -> None:
    card, balance = services.new("card"), services.new("balance")
    deal = await shared(
        services,
        {"payment_id": card, "method": "visa", "amount": usd("35.00")},
        {"payment_id": balance, "method": "balance", "amount": usd("15.00")},
    )
    dispute = await deal.opened(amount=usd("20.00"))
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    assert await given_back(services, deal) == sorted([(card, "14.00"), (balance, "6.00")])
    refund_id = (await dispute.show())["refunds"][0]["id"]
    refund = await eventually(
        lambda: deal.buyer.get(f"/v1/refunds/{refund_id}", service="refund"),
        lambda answer: answer.status == 200 and answer["state"] == "issued",
    )
    assert [part["payment_id"] for part in refund["parts"]] == [card, balance]
    shown = (await deal.status()).ok()["payments"]
    assert [(one["payment_id"], one["amount"], one["captured"]) for one in shown] == [
        (card, usd("35.00"), usd("35.00")),
        (balance, usd("15.00"), usd("15.00")),
    ]
    assert (await deal.status(deal.seller)).ok()["payments"] == []


async def test_g9_one_payment_of_two_orders_gives_each_back_its_own_share(services: Services) -> None:
    card = services.new("card")
    share = {"payment_id": card, "method": "visa", "amount": usd("50.00")}
    deals = [await shared(services, share) for _ in range(2)]
    disputes = [await deal.opened() for deal in deals]
    for dispute in disputes:
        await dispute.respond({"decision": "accept"})
    for dispute in disputes:
        await dispute.closed()
    assert [await given_back(services, deal) for deal in deals] == [[(card, "50.00")]] * 2


async def test_g9_what_is_taken_with_a_parcel_may_be_refunded_from_then_on(services: Services) -> None:
    card = services.new("card")
    authorised = {"payment_id": card, "method": "visa", "amount": usd("50.00"), "captured": usd("0.00")}
    deal = await shared(services, authorised)
    assert (await deal.open()).refused == (422, "amount_exceeds_cap")
    told = {"capture_id": "cap-1", "amount": usd("30.00"), "captured_at": wire(await present(services))}
    path = f"/v1/orders/{deal.order_id}/captures"
    assert (await deal.buyer.post(path, told)).refused == (403, "forbidden")
    await took(services, deal.order_id, card, "30.00", capture_id="cap-1")
    for _ in range(2):
        taken = (await services.shop.post(path, told)).ok(201)
    assert taken["lines"] == [{"line_id": "1", "amount": usd("30.00")}]
    above = told | {"capture_id": "cap-2", "amount": usd("20.01")}
    assert (await services.shop.post(path, above)).refused == (422, "amount_exceeds_cap")
    dispute = await deal.opened(amount=usd("30.00"))
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    assert await given_back(services, deal) == [(card, "30.00")]
