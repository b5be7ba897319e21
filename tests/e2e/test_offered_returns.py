"""Returns that the seller offered, end to end, three services: accepted and paid, or denied, disputed (S13, T27x)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import Deal, instant, ordered, usd, wire
from tests.e2e.test_returns import RECEIVED, WHOLE, ask, granted

pytestmark = pytest.mark.e2e

LINES = [{"line_id": "1", "price": usd("50.00"), "flags": ["extra_returns", "domestic_return"]}]
HOME: Json = {"return_address": "1 Seller Road, Berlin", "return_country": "DE"}
UNWANTED: Json = {"reason": "change_of_mind", "type": "return_and_refund"}


async def bought(services: Services, **more: str) -> Deal:
    return await ordered(services, lines=LINES, facts=RECEIVED, promised=None, **(HOME | more))


async def asked(deal: Deal, kind: str = "extra") -> Answer:
    """The return, once its service has heard of it; it waits for the seller."""
    back = await granted(deal, await ask(deal, kind=kind, reason="change_of_mind", condition=WHOLE))
    assert (back["state"], back["freight_payer"], back["label"]) == ("requested", "buyer", None)
    return back


async def answered(deal: Deal, back: Answer, body: Json) -> Answer:
    (respond,) = (await deal.seller.get(back["href"], "return_label")).ok()["available_actions"]
    assert (respond["rel"], respond["mandatory"]) == ("respond", True)
    return (await deal.seller.post(respond["href"], body, service="return_label")).ok()


async def sent_back(services: Services, deal: Deal, path: str) -> None:
    """By the buyer's own carrier to the seller, who finds nothing wrong."""
    shipped = {"tracking_number": services.new("PARCEL")}
    (await deal.buyer.post(f"{path}/shipment", shipped, service="return_label")).ok()
    (await deal.seller.post(f"{path}/receipt", service="return_label")).ok()
    seen = (await deal.seller.get(path, "return_label")).ok().etag
    found = {"key": services.new("key"), "seen": seen, "service": "return_label"}
    (await deal.seller.post(f"{path}/inspection", {"result": "pass"}, **found)).ok()


async def settled(services: Services, deal: Deal) -> Json:
    """The one refund of the order, once the bank has it."""

    async def refunds() -> Answer:
        return await deal.buyer.get(f"/v1/refunds?order_id={deal.order_id}", "refund")

    issued = await eventually(refunds, lambda found: bool(found["data"]) and found["data"][0]["state"] == "issued")
    (refund,) = issued["data"]
    await services.move_clock(now=refund["expected_credit"]["until_at"])
    done = await eventually(refunds, lambda found: found["data"][0]["state"] == "settled")
    row: Json = done["data"][0]
    return row


async def dispute_action(deal: Deal) -> Json | None:
    """What the buyer can do about what is no longer wanted, once the order has heard of the denial."""
    path = f"/v1/orders/{deal.order_id}/eligibility?reason=change_of_mind"
    (right,) = [one for one in (await deal.buyer.get(path)).ok()["entitlements"] if one["kind"] == "programme"]
    action: Json | None = right["action"]
    return action


async def kinds_of(services: Services, deal: Deal, who: str) -> set[str]:
    party = deal.buyer if who == "buyer" else deal.seller
    path = f"/v1/notifications?order_id={deal.order_id}"
    return {told["kind"] for told in (await party.get(path, "return_label")).ok()["data"]}


async def test_s85_s82_an_extra_return_that_the_seller_accepts_to_the_settled_refund(services: Services) -> None:
    deal = await bought(services)
    shown = (await deal.buyer.get(f"/v1/orders/{deal.order_id}/eligibility")).ok()["entitlements"]
    offered = {
        one["kind"]: one for one in shown if one["granted"] and one["kind"] in ("extra_return", "domestic_return")
    }
    assert {one["action"]["rel"] for one in offered.values()} == {"request-return"}
    assert [one["payer"] for one in offered.values()] == ["buyer", "buyer"]
    back = await asked(deal)
    again = await ask(deal, "other", kind="domestic", reason="change_of_mind", condition=WHOLE)
    assert again.refused == (409, "already_open")
    accepted = await answered(deal, back, {"decision": "accept", "address": "2 Workshop Lane, Berlin"})
    assert (accepted["state"], accepted["instructions"][-2:]) == ("self_paid", ["own_carrier", "tell_number"])
    told = (await deal.buyer.get(accepted["told_address"]["href"], "return_label")).ok()["text"]
    assert told == "2 Workshop Lane, Berlin"
    await sent_back(services, deal, back["href"])
    refund = await settled(services, deal)
    assert (refund["source"], refund["amount"]) == ("return", usd("50.00"))
    status = await eventually(deal.status, lambda found: found.status == 200 and found["completed"])
    assert (status["payout"], status["returns"][0]["outcome"]) == ("refunded", "passed")
    assert "return_requested" in await kinds_of(services, deal, "seller")


async def test_t27x_a_refused_return_is_disputed_accepted_sent_and_paid(services: Services) -> None:
    deal = await bought(services)
    assert (await deal.open(**UNWANTED)).refused == (422, "reason_not_covered")
    back = await asked(deal)
    refused = await answered(deal, back, {"decision": "refuse", "reason": "It was cut to size."})
    assert (refused["state"], refused["denied_because"]) == ("denied", "refused_by_seller")
    shown = (await deal.buyer.get(back["href"], "return_label")).ok()
    why = (await deal.buyer.get(shown["denial"]["href"], "return_label")).ok()["text"]
    assert why == "It was cut to size."
    assert [one["kind"] for one in shown["deadlines"]] == ["return_dispute"]
    action = await eventually(lambda: dispute_action(deal), bool)
    assert action == {"rel": "open-dispute", "method": "POST", "href": "/v1/disputes"}
    dispute = await deal.opened(**UNWANTED)
    opened = await dispute.show()
    assert (opened["reason"], opened["from_return"]) == ("change_of_mind", back["id"])
    await eventually(lambda: deal.buyer.get(back["href"], "return_label"), lambda one: one["dispute_id"] == dispute.id)
    assert (await deal.buyer.get(back["href"], "return_label")).ok()["deadlines"] == []
    agreed = await dispute.respond({"decision": "accept"})
    assert agreed["state"] == "agreed"
    shown = await dispute.when(lambda one: bool(one["return_id"]))
    path = f"/v1/returns/{shown['return_id']}"
    goods = await eventually(lambda: deal.buyer.get(path, "return_label"), lambda one: one.status == 200)
    assert (goods["kind"], goods["freight_payer"], goods["state"]) == ("dispute", "buyer", "self_paid")
    await sent_back(services, deal, path)
    assert (await settled(services, deal))["amount"] == usd("50.00")
    assert (await dispute.closed())["close_reason"] == "refunded"
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture", "refund"]
    assert "return_denied" in await kinds_of(services, deal, "buyer")


async def test_d1_t27x_a_seller_who_is_silent_has_denied_it_and_a_denial_becomes_final(services: Services) -> None:
    deal = await bought(services)
    back = await asked(deal, "domestic")
    (deadline,) = back["deadlines"]
    await services.move_clock(now=deadline["due_at"])
    denied = (await deal.buyer.get(back["href"], "return_label")).ok()
    assert (denied["state"], denied["denied_because"]) == ("denied", "not_answered")
    late = await deal.seller.post(f"{back['href']}/response", {"decision": "accept"}, service="return_label")
    assert late.refused == (409, "wrong_phase")
    until = instant(denied["deadlines"][0]["due_at"])
    foretold = await deal.buyer.post("/v1/disputes?dry_run=true", deal.form(**UNWANTED), key="dry")
    assert foretold.ok()["events"][0]["type"] == "makewhole.DisputeOpened.v1"
    await services.move_clock(now=wire(until))
    assert (await deal.open(**UNWANTED)).refused == (422, "reason_not_covered")
    rows = (await deal.buyer.read(f"/v1/returns?order_id={deal.order_id}&state=denied", "return_label")).ok()["data"]
    assert [(row["id"], row["kind"]) for row in rows] == [(back["id"], "domestic")]
    history = (await deal.seller.get(f"{back['href']}/history", "return_label")).ok()["data"]
    assert [entry["action"] for entry in history] == ["return_requested", "return_denied", "return_denial_final"]


async def test_s84_a_domestic_return_is_not_offered_from_another_country(services: Services) -> None:
    deal = await bought(services, return_country="CN")
    refused = await ask(deal, kind="domestic", reason="change_of_mind", condition=WHOLE)
    assert refused.refused == (422, "reason_not_covered")
    assert "S84" in refused["rules"]
    silent = await ask(deal, "silent", kind="extra", condition=WHOLE)
    assert (silent.refused, silent["errors"][0]["pointer"]) == ((422, "validation_failed"), "/reason")
