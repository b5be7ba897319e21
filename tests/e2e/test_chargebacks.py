"""Chargebacks end to end: a dispute is agreed on and its buyer goes to the bank; nothing moves until that has decided,
and then the money goes once, by the bank or by the refund (T34, T35, S103).
"""

from __future__ import annotations

import pytest

from tests.e2e.client import Answer, Services, eventually
from tests.e2e.deals import Deal, Dispute, now, ordered, usd, wire
from tests.e2e.test_returns import ask, bought, granted

pytestmark = pytest.mark.e2e


async def decided(services: Services, deal: Deal, chargeback_id: str, result: str) -> None:
    """The bank has decided, and the shop's systems say so."""
    path = f"/psp/chargebacks/{chargeback_id}/result"
    (await services.send("sandbox", "POST", path, json={"result": result})).ok()
    said = {"order_id": deal.order_id, "result": result, "resolved_at": wire(await now(services))}
    (await services.shop.post(f"/v1/chargebacks/{chargeback_id}/result", said, service="refund")).ok()


async def held(dispute: Dispute) -> Answer:
    return await dispute.when(lambda shown: bool(shown["external_hold"]))


@pytest.mark.parametrize(
    ("result", "reason", "kinds"),
    [
        ("buyer_not_paid", "refunded", ["capture", "chargeback", "chargeback_reversed", "refund"]),
        ("buyer_paid", "external_chargeback", ["capture", "chargeback"]),
    ],
)
async def test_t34_t35_g17_nothing_moves_until_the_bank_has_decided_and_then_the_money_goes_once(
    services: Services, result: str, reason: str, kinds: list[str]
) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(amount=usd("50.00"))
    chargeback_id = await deal.taken_back()
    shown = await held(dispute)
    assert (shown["due_at"], shown["deadlines"]) == (None, [])
    answered = await dispute.command(deal.seller, "response", {"decision": "accept"})
    assert answered.refused == (409, "external_hold")
    assert (await deal.status()).ok()["external_hold"]
    heard = await eventually(
        lambda: deal.seller.get(f"/v1/notifications?order_id={deal.order_id}"),
        lambda answer: answer.status == 200 and "chargeback_opened" in [one["kind"] for one in answer["data"]],
    )
    assert len(heard["data"]) == 2

    await decided(services, deal, chargeback_id, result)
    if result == "buyer_not_paid":
        free = await dispute.when(lambda shown: not shown["external_hold"])
        assert free["state"] == "awaiting_seller" and free["due_at"]
        await dispute.respond({"decision": "accept"})
    assert (await dispute.closed())["close_reason"] == reason
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == kinds
    told = {"external_chargeback_opened", "external_chargeback_resolved", "dispute_closed"}
    await eventually(dispute.history, lambda entries: told <= {entry["action"] for entry in entries})


async def test_t34_t35_a_return_stands_still_with_its_order_and_goes_on_behind_the_bank(services: Services) -> None:
    deal = await bought(services)
    back = await granted(deal, await ask(deal))
    before = next(each["due_at"] for each in back["deadlines"] if each["kind"] == "return_shipment")
    chargeback_id = await deal.taken_back()

    async def when(*, is_held: bool) -> Answer:
        return await eventually(
            lambda: deal.buyer.get(back["href"], "return_label"),
            lambda shown: shown.ok()["external_hold"] is is_held,
        )

    assert (await when(is_held=True))["deadlines"] == []
    await decided(services, deal, chargeback_id, "buyer_not_paid")
    shown = await when(is_held=False)
    assert [each["kind"] for each in shown["deadlines"]] == ["return_shipment"]
    assert shown["deadlines"][0]["due_at"] >= before
