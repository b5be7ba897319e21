"""Goodwill end to end: a seller gives money back or goods anew, the buyer is told and has it, and everybody sees whose
it was (S20).
"""

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


async def test_s20_goods_that_a_seller_gives_are_promised_sent_and_received_and_no_money_moves(
    services: Services,
) -> None:
    deal = await completed(services)
    path = f"/v1/orders/{deal.order_id}/goodwill"
    gift = {"type": "replacement", "lines": [{"line_id": "1"}], "text": "Here is another one."}
    priced = gift | {"amount": usd("1.00")}
    assert (await deal.seller.post(path, priced, key="priced")).refused == (422, "validation_failed")
    for _ in range(2):
        granted = (await deal.seller.post(path, gift, key="goods")).ok(201)
    assert (granted["state"], granted["lines"]) == ("promised", [{"line_id": "1", "quantity": 1}])
    assert (await deal.buyer.get(granted["text"]["href"])).ok()["text"] == "Here is another one."

    of_gift = f"{path}/{granted['id']}"
    mistyped = {"tracking_number": "EE123456784DE"}
    assert (await deal.seller.post(f"{of_gift}/replacement-shipment", mistyped)).refused == (422, "validation_failed")
    for typed in ("ee 123 456 785 de", "EE123456785DE"):
        sent = (await deal.seller.post(f"{of_gift}/replacement-shipment", {"tracking_number": typed})).ok()
        assert (sent["state"], sent["replacement"]["tracking_number"]) == ("sent", "EE123456785DE")
    second = {"tracking_number": "RR123456785ES"}
    assert (await deal.seller.post(f"{of_gift}/replacement-shipment", second)).refused == (409, "wrong_phase")
    assert (await deal.seller.post(f"{of_gift}/replacement-receipt")).refused == (403, "forbidden")
    for party in (deal.buyer, services.party("sue", "support")):
        received = (await party.post(f"{of_gift}/replacement-receipt")).ok()
        assert received["state"] == "received"

    status = (await deal.status()).ok()
    (shown,) = status["goodwill"]
    assert (shown["id"], shown["state"], shown["amount"]) == (granted["id"], "received", None)
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture"]
    told = await eventually(
        lambda: deal.buyer.get(f"/v1/notifications?order_id={deal.order_id}"),
        lambda answer: answer.status == 200 and len(answer["data"]) > 1,
    )
    assert {one["kind"] for one in told["data"]} == {"replacement_granted", "replacement_shipped"}
    heard = await eventually(
        lambda: deal.seller.get(f"/v1/notifications?order_id={deal.order_id}&kind=replacement_received"),
        lambda answer: answer.status == 200 and bool(answer["data"]),
    )
    assert [one["text"]["title"] for one in heard["data"]] == ["The replacement has come"]
