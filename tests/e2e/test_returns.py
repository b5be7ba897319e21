"""Returns without a dispute end to end, three services: asked for, granted, sent, inspected, and paid once (K20)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import Deal, ordered, usd

pytestmark = pytest.mark.e2e

WHOLE = {"unused": True, "undamaged": True, "original_packaging": True, "seals_intact": True}
LINES = [{"line_id": "1", "price": usd("50.00"), "flags": ["free_return"]}]
PASSED: Json = {"result": "pass"}
RECEIVED = {"shipped": -9, "delivered": -3}
BUSY = 503


async def bought(services: Services) -> Deal:
    return await ordered(services, lines=LINES, facts=RECEIVED, promised=None)


def wanted(deal: Deal, kind: str = "free") -> Json:
    said = {"condition": WHOLE} if kind == "free" else {}
    return {"order_id": deal.order_id, "kind": kind, "lines": [{"line_id": "1"}], **said}


async def ask(deal: Deal, key: str = "back", **changes: object) -> Answer:
    """The same again under the same key as long as nobody knows what came of it."""
    said = wanted(deal) | changes
    return await eventually(
        lambda: deal.buyer.post("/v1/returns", said, key=key, service="return_label"),
        lambda answer: answer.status != BUSY,
    )


async def granted(deal: Deal, answer: Answer) -> Answer:
    """The return, once its service has heard of it."""
    return await eventually(
        lambda: deal.buyer.get(answer.ok(201)["href"], "return_label"), lambda found: found.status == 200
    )


async def sent_and_received(services: Services, deal: Deal, path: str, number: str) -> None:
    warehouse = services.party("warehouse-1", "warehouse")
    shipped = {"tracking_number": number}
    (await deal.buyer.post(f"{path}/shipment", shipped, service="return_label")).ok()
    (await warehouse.post(f"{path}/receipt", service="return_label")).ok()


async def a_scan_finds(services: Services, number: str, return_id: str) -> None:
    """S81: the warehouse has a parcel, and looks whose it is."""
    warehouse = services.party("warehouse-1", "warehouse")
    found = await eventually(
        lambda: warehouse.get(f"/v1/returns?tracking_number={number}", "return_label"),
        lambda answer: bool(answer.ok()["data"]) and answer["data"][0]["state"] == "received",
    )
    assert [row["id"] for row in found["data"]] == [return_id]


async def inspected(services: Services, path: str, body: Json = PASSED) -> Answer:
    warehouse = services.party("warehouse-1", "warehouse")
    seen = (await warehouse.get(path, "return_label")).ok().etag
    found = await warehouse.post(f"{path}/inspection", body, key=services.new("key"), seen=seen, service="return_label")
    return found.ok()


async def test_s67_s82_a_free_return_from_the_request_to_the_money(services: Services) -> None:
    deal = await bought(services)
    shown = (await deal.buyer.get(f"/v1/orders/{deal.order_id}/eligibility")).ok()["entitlements"]
    (free,) = [one for one in shown if one["kind"] == "free_return"]
    assert free["action"] == {"rel": "request-return", "method": "POST", "href": f"/v1/orders/{deal.order_id}/returns"}
    answers = [await ask(deal) for _ in range(3)]
    assert len({answer.ok(201)["id"] for answer in answers}) == 1
    assert (answers[0]["kind"], answers[0]["state"], answers[0]["freight_payer"]) == ("free", "requested", "platform")
    back = await granted(deal, answers[0])
    assert (back["state"], back["label"]["prepaid"], back["dispute_id"]) == ("label_issued", True, None)
    await sent_and_received(services, deal, back["href"], back["label"]["tracking_number"])
    await a_scan_finds(services, back["label"]["tracking_number"], back["id"])
    await inspected(services, back["href"])

    async def refunds() -> Answer:
        return await deal.buyer.get(f"/v1/refunds?order_id={deal.order_id}", "refund")

    paid = await eventually(refunds, lambda found: bool(found["data"]) and found["data"][0]["state"] == "issued")
    (refund,) = paid["data"]
    assert (refund["source"], refund["amount"]) == ("return", usd("50.00"))
    status = await eventually(deal.status, lambda found: found.status == 200 and found["completed"])
    assert (status["payout"], status["returns"][0]["outcome"]) == ("refunded", "passed")
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture", "refund"]


async def test_t27_goods_that_fail_go_to_the_case_team_as_a_dispute(services: Services) -> None:
    deal = await bought(services)
    back = await granted(deal, await ask(deal))
    await sent_and_received(services, deal, back["href"], back["label"]["tracking_number"])
    await inspected(services, back["href"], {"result": "fail", "fault": "damaged", "note": "Scratched."})
    status = await eventually(deal.status, lambda found: found.status == 200 and bool(found["open_dispute"]))
    dispute = (await deal.buyer.get(f"/v1/disputes/{status['open_dispute']}")).ok()
    assert (dispute["state"], dispute["request"]["amount"]) == ("escalated", usd("50.00"))


async def test_s67_s74_what_is_refused_is_refused_with_the_orders_own_code_and_rule(services: Services) -> None:
    plain = await ordered(services, facts=RECEIVED, promised=None)
    refused = await ask(plain)
    assert refused.refused == (409, "not_free_return_item")
    assert refused["rules"] == ["S67"]
    broken = await ask(await bought(services), condition=WHOLE | {"seals_intact": False})
    assert broken.refused == (409, "seal_or_label_broken")
    assert (await ask(await bought(services), lines=[{"line_id": "9"}])).refused == (422, "validation_failed")
    deal = await bought(services)
    assert (await deal.seller.post("/v1/returns", wanted(deal), key="s", service="return_label")).status == 403
    assert (await deal.buyer.post("/v1/returns", wanted(deal), service="return_label")).refused == (
        400,
        "idempotency_key_required",
    )
    foretold = await deal.buyer.post("/v1/returns?dry_run=true", wanted(deal), key="dry", service="return_label")
    assert [event["type"] for event in foretold.ok()["events"]] == [
        "makewhole.PaymentHeld.v1",
        "makewhole.ReturnDue.v1",
    ]
    assert (await ask(deal, kind="statutory", condition=None)).ok(201)["freight_payer"] == "buyer"
