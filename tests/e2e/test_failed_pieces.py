"""Failed pieces end to end, three services: what passed is paid, and the judge sees what shows the rest (T27)."""

from __future__ import annotations

import aiohttp
import pytest

from tests.e2e.client import Answer, Json, Party, Services, eventually
from tests.e2e.deals import Deal, ordered, usd
from tests.support.pictures import picture

pytestmark = pytest.mark.e2e

WHOLE = {"unused": True, "undamaged": True, "original_packaging": True, "seals_intact": True}
NUMBER = "RR123456785DE"


def some_of(flags: list[str]) -> list[Json]:
    """Three pieces of 10.00."""
    return [{"line_id": "1", "price": usd("10.00"), "quantity": 3, "flags": flags}]


async def photo(deal: Deal, by: Party) -> str:
    """What the inspector sees."""
    form = aiohttp.FormData({"purpose": "inspection"})
    form.add_field("file", picture("PNG"), filename="shown.png")
    headers = {"Idempotency-Key": deal.services.new("key")}
    path = f"/v1/orders/{deal.order_id}/evidence"
    sent = await by.services.send(
        "dispute",
        "POST",
        path,
        headers=headers | {"Authorization": f"Bearer {await by.services.token(by.sub, *by.roles)}"},
        data=form,
    )
    return str(sent.ok(201)["id"])


async def came(deal: Deal, path: str) -> Party:
    """The parcel is in the warehouse, whose inspector then has it."""
    warehouse = deal.services.party("warehouse-1", "warehouse")
    label = (await deal.buyer.get(path, "return_label")).ok()["label"]
    number = (label or {}).get("tracking_number") or NUMBER
    (await deal.buyer.post(f"{path}/shipment", {"tracking_number": number}, service="return_label")).ok()
    (await warehouse.post(f"{path}/receipt", service="return_label")).ok()
    return warehouse


async def inspect(by: Party, path: str, *lines: Json, evidence: tuple[str, ...] = ()) -> Answer:
    seen = (await by.get(path, "return_label")).ok().etag
    body = {"lines": lines, "evidence": evidence}
    key = by.services.new("key")
    return (await by.post(f"{path}/inspection", body, key=key, seen=seen, service="return_label")).ok()


def passes(count: int) -> Json:
    return {"line_id": "1", "quantity": count, "result": "pass"}


def fails(count: int) -> Json:
    return {"line_id": "1", "quantity": count, "result": "fail", "fault": "damaged"}


async def judged(dispute_id: str, deal: Deal, item: str) -> None:
    """The parties and the judge see it; then the judge leaves the seller the piece that failed."""
    path, services = f"/v1/disputes/{dispute_id}", deal.services
    team = services.party("reviewer-1", "case_team")
    shown = (await team.get(path)).ok()
    assert [(one["id"], one["by"], one["purpose"]) for one in shown["evidence"]] == [(item, "warehouse", "inspection")]
    assert shown["inspection"]["passed"] == [{"line_id": "1", "amount": usd("20.00")}]
    for who in (deal.buyer, deal.seller, team):
        told = await who.send("dispute", "GET", f"{path}/evidence/{item}", {"Accept": "application/json"})
        assert told.ok()["state"] == "attached"
    for party in (deal.buyer, deal.seller):
        seen = (await party.get(path)).ok().etag
        (await party.post(f"{path}/statement", {"complete": True}, seen=seen)).ok()
    said = {"rules": ["T27"], "weights": {item: 3}, "text": "Two pieces are whole, and the third is torn."}
    less = {"outcome": "seller_favour", **said}
    refused = await team.post(f"{path}/decision", less, key=services.new("key"), seen=(await team.get(path)).etag)
    assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [
        ("/lines/0/amount", "passed_inspection")
    ]
    left = {"outcome": "split", "type": "refund_only", "lines": [{"line_id": "1", "amount": usd("20.00")}], **said}
    decided = await team.post(f"{path}/decision", left, key=services.new("key"), seen=(await team.get(path)).etag)
    assert decided.ok()["state"] == "decided"


async def paid_in_part(deal: Deal, dispute_id: str) -> None:
    async def shown() -> Answer:
        return await deal.buyer.get(f"/v1/disputes/{dispute_id}")

    paid = await eventually(shown, lambda found: bool(found["refunds"]) and found["refunds"][0]["outcome"] == "issued")
    assert (paid["state"], paid["refunded"]) == ("escalated", usd("20.00"))
    assert [line["amount"] for line in await deal.services.ledger(deal.order_id)][1:] == [usd("20.00")]


async def test_t27_of_a_disputes_return_what_passed_is_paid_and_the_rest_is_judged(services: Services) -> None:
    facts = {"shipped": -6, "delivered": -1}
    deal = await ordered(services, "30.00", promised=-3, facts=facts, lines=some_of([]))
    back = {"lines": [{"line_id": "1", "quantity": 3}], "reason": "late", "type": "return_and_refund"}
    dispute = await deal.opened(**back)
    agreed = await dispute.respond({"decision": "accept"})
    path = f"/v1/returns/{agreed['return_id']}"
    await eventually(lambda: deal.buyer.get(path, "return_label"), lambda found: found.status == 200)
    warehouse = await came(deal, path)
    await dispute.when(lambda found: found["fulfilment"] == "return_received")
    item = await photo(deal, warehouse)
    await inspect(warehouse, path, fails(1), evidence=(item,))
    await inspect(warehouse, path, passes(2))
    await dispute.when(lambda found: found["state"] == "escalated")
    await paid_in_part(deal, dispute.id)
    await judged(dispute.id, deal, item)


async def test_t27_of_a_return_without_a_dispute_the_one_that_begins_pays_and_judges(services: Services) -> None:
    deal = await ordered(
        services, "30.00", lines=some_of(["free_return"]), facts={"shipped": -9, "delivered": -3}, promised=None
    )
    said = {"order_id": deal.order_id, "kind": "free", "lines": [{"line_id": "1", "quantity": 3}], "condition": WHOLE}
    asked = await eventually(
        lambda: deal.buyer.post("/v1/returns", said, key="back", service="return_label"),
        lambda answer: answer.status == 201,
    )
    path = asked["href"]
    await eventually(lambda: deal.buyer.get(path, "return_label"), lambda found: found.status == 200)
    warehouse = await came(deal, path)
    item = await photo(deal, warehouse)
    await inspect(warehouse, path, passes(2), fails(1), evidence=(item,))
    status = await eventually(deal.status, lambda found: found.status == 200 and bool(found["open_dispute"]))
    await paid_in_part(deal, status["open_dispute"])
    await judged(status["open_dispute"], deal, item)
