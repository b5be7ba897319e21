"""Goodwill end to end: a seller gives money back, the buyer is told and paid, and everybody sees whose it was (S20)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Services, eventually
from tests.e2e.deals import now, ordered, usd, wire
from tests.e2e.test_by_law import completed

pytestmark = pytest.mark.e2e


async def test_s20_what_a_seller_gives_is_paid_once_under_a_reference_of_its_own(services: Services) -> None:
    deal = await ordered(services)
    path = f"/v1/orders/{deal.order_id}/goodwill"
    gift = {"type": "refund_only", "lines": [{"line_id": "1"}], "amount": usd("20.00"), "text": "Sorry for the wait."}
    assert (await deal.seller.post(path, gift)).refused == (400, "idempotency_key_required")
    assert (await deal.buyer.post(path, gift, key="b")).refused == (403, "forbidden")
    above = gift | {"amount": usd("50.01")}
    assert (await deal.seller.post(path, above, key="above")).refused == (422, "amount_exceeds_cap")
    for _ in range(3):
        granted = (await deal.seller.post(path, gift, key="gift")).ok(201)
    assert (granted["state"], granted["lines"]) == ("promised", [{"line_id": "1", "amount": usd("20.00")}])
    said = (await deal.buyer.get(granted["text"]["href"])).ok()
    assert said["text"] == "Sorry for the wait."

    paid = await eventually(
        lambda: deal.buyer.get(path), lambda answer: answer.status == 200 and answer["data"][0]["state"] == "paid"
    )
    assert [one["id"] for one in paid["data"]] == [granted["id"]]
    refund = await eventually(
        lambda: deal.buyer.get(f"/v1/refunds/{granted['refund_id']}", service="refund"),
        lambda answer: answer.status == 200,
    )
    assert (refund["goodwill_id"], refund["source"], refund["dispute_id"]) == (granted["id"], "goodwill", None)
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture", "refund"]
    status = (await deal.status()).ok()
    assert [one["id"] for one in status["goodwill"]] == [granted["id"]]
    told = await eventually(
        lambda: deal.buyer.get(f"/v1/notifications?order_id={deal.order_id}"),
        lambda answer: answer.status == 200 and bool(answer["data"]),
    )
    assert [one["kind"] for one in told["data"]] == ["goodwill_granted"]
    assert (await deal.opened(amount=usd("30.00"))).id


async def test_s20_k19_what_the_seller_was_paid_goes_to_the_buyer_once_it_has_come_of_the_seller(
    services: Services,
) -> None:
    deal = await completed(services)
    path = f"/v1/orders/{deal.order_id}/goodwill"
    gift = {"type": "refund_only", "lines": [{"line_id": "1"}], "amount": usd("20.00")}
    granted = (await deal.seller.post(path, gift, key="late")).ok(201)
    assert (granted["state"], granted["refund_id"]) == ("promised", None)
    support, listed = services.party("sue", "support"), f"/v1/clawbacks?order_id={deal.order_id}"
    (row,) = (await eventually(lambda: support.get(listed), lambda answer: bool(answer["data"])))["data"]
    assert (row["id"], row["dispute_id"], row["from"]) == (granted["clawback_id"], None, "seller")
    assert (row["amount"], row["collectable"]) == (usd("20.00"), True)
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture"]

    told = await deal.tell("clawback_settled", wire(await now(services)), clawback_id=granted["clawback_id"])
    assert told.ok()["recorded"] is True
    paid = await eventually(
        lambda: deal.buyer.get(path), lambda answer: answer.status == 200 and answer["data"][0]["state"] == "paid"
    )
    refund = await eventually(
        lambda: deal.buyer.get(f"/v1/refunds/{paid['data'][0]['refund_id']}", service="refund"),
        lambda answer: answer.status == 200,
    )
    assert (refund["goodwill_id"], refund["source"]) == (granted["id"], "goodwill")
    status = await eventually(deal.status, lambda answer: answer["lines"][0]["refunded"] == usd("20.00"))
    (line,) = status["lines"]
    assert (line["released"], line["reclaimed"], status["payout"]) == (usd("50.00"), usd("20.00"), "released")
    notices = await eventually(
        lambda: deal.seller.get(f"/v1/notifications?order_id={deal.order_id}&kind=goodwill_settled"),
        lambda answer: answer.status == 200 and bool(answer["data"]),
    )
    assert [one["text"]["title"] for one in notices["data"]] == ["What you give has come"]
