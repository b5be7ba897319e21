"""What the parties agree on beside money, over HTTP and the clock."""

from __future__ import annotations

import pytest

from tests.e2e.client import Services
from tests.e2e.deals import counter, ordered, usd

pytestmark = pytest.mark.e2e


async def test_s44_t12_s54_a_message_is_read_by_whom_it_concerns_and_makes_nobodys_if_match_stale(
    services: Services,
) -> None:
    dispute = await (await ordered(services)).opened()
    buyer, seller, path = dispute.deal.buyer, dispute.deal.seller, f"{dispute.path}/messages"
    seen = (await dispute.show(seller)).etag
    key = services.new("key")
    first = (await buyer.post(path, {"text": "Is there a number?"}, key=key)).ok(201)
    assert (first["messages"]["count"], first["version"]) == (1, 1)
    (await buyer.post(path, {"text": "The box was open.", "to": "case_team"})).ok(201)
    again = await buyer.post(path, {"text": "Is there a number?"}, key=key)
    assert (again.replayed, again.raw) == (True, first.raw)
    (await seller.post(f"{dispute.path}/response", counter("20.00"), seen=seen)).ok()
    [for_seller] = (await seller.get(path)).ok()["data"]
    assert (for_seller["by"], for_seller["to"]) == ("buyer", "all")
    assert (await seller.get(for_seller["text"]["href"])).ok()["text"] == "Is there a number?"
    _, own = (await buyer.get(path)).ok()["data"]
    assert (await seller.get(own["text"]["href"])).refused == (404, "not_found")
    assert (await dispute.show())["messages"]["count"] == 2
    await services.at_rest()
    told = (await seller.get(f"/v1/notifications?order_id={dispute.deal.order_id}&kind=message_posted")).ok()["data"]
    assert len(told) == 1


async def test_t40_s86_d13_an_exchange_is_agreed_on_sent_and_received_and_one_that_never_comes_escalates(
    services: Services,
) -> None:
    dispute = await (await ordered(services)).opened()
    await dispute.respond(counter("0.00", "exchange"))
    agreed = await dispute.accept()
    assert (agreed["state"], agreed["fulfilment"], agreed["refunds"]) == ("agreed", "replacement_pending", [])
    parcel = {"tracking_number": "RR123456785ES", "carrier": "Correos"}
    sent = (await dispute.command(dispute.deal.seller, "replacement-shipment", parcel)).ok()
    assert sent["replacement"] == parcel | {"shipped_at": sent["replacement"]["shipped_at"], "received_at": None}
    closed = (await dispute.command(dispute.deal.buyer, "replacement-receipt")).ok()
    assert (closed["state"], closed["fulfilment"], closed["result"]["reason"]) == ("closed", "replaced", "replaced")
    assert closed["result"]["amount"] == usd("0.00")
    in_vain = await (await ordered(services)).opened()
    await in_vain.respond(counter("0.00", "replacement"))
    [deadline] = (await in_vain.accept())["deadlines"]
    assert deadline["kind"] == "replacement"
    await services.move_clock(now=deadline["due_at"])
    escalated = await in_vain.when(lambda answer: answer["state"] == "escalated")
    assert escalated["fulfilment"] == "none"
    refused = await in_vain.command(in_vain.deal.buyer, "replacement-receipt")
    assert refused.refused == (409, "wrong_phase")
