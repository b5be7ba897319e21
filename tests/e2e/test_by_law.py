"""A dispute by right of law over HTTP: the order is complete, the seller is paid, and the buyer gets the money all the
same (S17, K19).
"""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from ops.orders.evidence import picture
from tests.e2e.client import Json, Services, eventually
from tests.e2e.deals import Deal, Dispute, instant, ordered, usd, wire

pytestmark = pytest.mark.e2e


async def completed(services: Services) -> Deal:
    """An order to Germany whose seller is paid."""
    deal = await ordered(services, facts={"shipped": -16, "delivered": -15})
    ends_at = instant((await eventually(deal.status, lambda answer: answer.status == 200))["protection_ends_at"])
    await services.move_clock(now=wire(ends_at + timedelta(hours=2)))
    assert (await deal.status()).ok()["completed"] is True
    return deal


async def sent_picture(deal: Deal) -> str:
    form = aiohttp.FormData()
    form.add_field("file", picture(deal.order_id), filename="shown.png")
    key = {"Idempotency-Key": deal.services.new("key")}
    path = f"/v1/orders/{deal.order_id}/evidence"
    evidence_id: str = (await deal.buyer.send("dispute", "POST", path, key, data=form)).ok(201)["id"]
    return evidence_id


async def rights(deal: Deal, reason: str) -> dict[str, Json | None]:
    """What the buyer can do by each right that is granted."""
    path = f"/v1/orders/{deal.order_id}/eligibility?reason={reason}"
    found = (await deal.buyer.get(path)).ok()["entitlements"]
    return {one["name"] or one["kind"]: one["action"] for one in found if one["granted"]}


async def test_s17_k19_a_defect_after_the_orders_end_is_paid_back_and_asked_of_the_seller(services: Services) -> None:
    deal = await completed(services)
    assert (await deal.open(reason="late")).refused == (409, "protection_expired")
    action = (await rights(deal, "defective"))["eu_conformity"]
    assert action is not None
    assert (action["rel"], action["href"]) == ("open-dispute", "/v1/disputes")
    (listed,) = (await deal.status())["available_actions"]
    assert (listed["rel"], listed["due_at"][:4]) == ("open-dispute", str(instant(deal.body["facts"][1]["at"]).year + 2))
    shown: Json = {"reason": "defective", "amount": usd("30.00"), "evidence": [await sent_picture(deal)]}
    dispute = Dispute(deal, (await deal.open(**shown)).ok(201)["id"])
    assert (await deal.open(**shown)).refused == (409, "already_open")
    await dispute.respond({"decision": "accept"})
    closed = await dispute.closed()
    assert closed["result"]["amount"] == usd("30.00")
    assert [(back["from"], back["amount"], back["state"]) for back in closed["clawbacks"]] == [
        ("seller", usd("30.00"), "requested")
    ]
    (line,) = (await eventually(deal.status, lambda answer: answer["lines"][0]["refunded"] == usd("30.00")))["lines"]
    assert (line["released"], line["held_by"]) == (usd("50.00"), None)


async def test_g16_s17_a_dispute_by_law_is_cancelled_without_a_word_on_the_money(services: Services) -> None:
    deal = await completed(services)
    dispute = await deal.opened(reason="damaged", evidence=[await sent_picture(deal)])
    (await dispute.command(deal.buyer, "cancellation", {}, key=services.new("key"))).ok()
    assert (await dispute.closed())["result"]["reason"] == "cancelled_by_buyer"
    assert (await rights(deal, "damaged"))["eu_conformity"] is not None
