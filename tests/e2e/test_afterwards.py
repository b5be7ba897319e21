"""What comes behind a refund, over HTTP: a clawback that settles, and goods that come late (K19, S65, K23)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Services, eventually
from tests.e2e.deals import Dispute, counter, now, ordered, split, usd, wire
from tests.e2e.test_mediation import under_review

pytestmark = pytest.mark.e2e


async def amended(services: Services) -> Dispute:
    """30.00 were decided and paid, and the appeal leaves 20.00: 10.00 are asked back of the buyer."""
    dispute = await under_review(services)
    await dispute.decide(split("30.00"))
    await dispute.when(lambda answer: answer["fulfilment"] == "refund_issued")
    for party in (dispute.deal.buyer, dispute.deal.seller):
        await dispute.appeal(party)
    second = services.party("reviewer-2", "case_team")
    await dispute.decide(split("20.00", decision="amended"), second, "appeal-decision")
    await dispute.closed()
    return dispute


async def test_k19_k18_a_buyers_clawback_settles_once_and_the_seller_has_what_the_appeal_left(
    services: Services,
) -> None:
    dispute = await amended(services)
    deal = dispute.deal
    (back,) = (await dispute.show())["clawbacks"]
    assert (back["state"], back["amount"]) == ("requested", usd("10.00"))
    before = (await deal.status())["lines"][0]["released"]
    at = wire(await now(services))
    told = (await deal.tell("clawback_settled", at, clawback_id=back["id"])).ok()
    again = (await deal.tell("clawback_settled", at, clawback_id=back["id"])).ok()
    assert (told["recorded"], again["recorded"], again["not_recorded"]["code"]) == (True, False, "known_already")
    assert (await deal.tell("clawback_failed", at, clawback_id=back["id"])).refused == (409, "wrong_phase")
    unknown = await deal.tell("clawback_settled", at, clawback_id="clw_none")
    assert (unknown.refused, unknown["errors"][0]["pointer"]) == ((422, "validation_failed"), "/clawback_id")
    shown = await dispute.show()
    assert [one["state"] for one in shown["clawbacks"]] == ["settled"]
    assert [(one["kind"], one["outcome"]) for one in shown["after_close"]] == [("clawback", "settled")]
    support = services.party("sue", "support")
    ended = f"/v1/clawbacks?order_id={deal.order_id}&state=settled"
    rows = await eventually(lambda: support.get(ended), lambda answer: bool(answer["data"]))
    assert [(row["id"], row["collectable"]) for row in rows["data"]] == [(back["id"], False)]
    assert (await deal.buyer.get("/v1/clawbacks")).status == 403
    assert before is None
    status = await eventually(deal.status, lambda answer: answer["lines"][0]["released"] is not None)
    assert (status["lines"][0]["released"], status["lines"][0]["refunded"]) == (usd("10.00"), usd("30.00"))
    kinds = await eventually(
        lambda: deal.buyer.get(f"/v1/notifications?order_id={deal.order_id}&kind=clawback_settled"),
        lambda answer: answer.status == 200 and bool(answer["data"]),
    )
    assert [one["text"]["title"] for one in kinds["data"]] == ["What was asked of you has been settled"]


async def test_t36_s65_k23_goods_that_came_late_are_told_and_both_agree_on_what_is_paid_back(
    services: Services,
) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    await dispute.respond(counter("30.00"))
    await dispute.accept()
    await dispute.closed()
    at = wire(await now(services))
    assert (await dispute.command(deal.seller, "late-arrival", {"arrived_at": at})).refused == (403, "forbidden")
    offered = {"amount": usd("20.00"), "way": "direct"}
    assert (await dispute.command(deal.buyer, "repayment", offered)).refused == (409, "wrong_phase")
    shown = (await dispute.command(deal.buyer, "late-arrival", {"arrived_at": at, "text": "It came."})).ok()
    assert shown["flags"] == {"late_arrival": True}
    assert (await deal.seller.get(shown["after_close"][-1]["text"]["href"])).ok()["text"] == "It came."
    told = await services.shop.post(f"{dispute.path}/late-arrival", {"arrived_at": at})
    assert told.ok()["recorded"] is True
    above = offered | {"amount": usd("30.01")}
    assert (await dispute.command(deal.seller, "repayment", above)).refused == (422, "amount_exceeds_cap")
    one = (await dispute.command(deal.seller, "repayment", offered)).ok()
    assert (one["repayment"]["agreed_by"], one["repayment"]["agreed_at"]) == (["seller"], None)
    both = (await dispute.command(deal.buyer, "repayment", offered)).ok()
    assert both["repayment"]["agreed_at"]
    receipt = {"reference": "bank-4711"}
    assert (await dispute.command(deal.buyer, "repayment-receipt", receipt)).refused == (403, "forbidden")
    done = (await dispute.command(deal.seller, "repayment-receipt", receipt)).ok()
    assert done["repayment"]["received_at"]
    assert (done["state"], done["refunded"], done["result"]["amount"]) == ("closed", usd("30.00"), usd("30.00"))
    kinds = [line["kind"] for line in await services.ledger(deal.order_id)]
    assert kinds == ["capture", "refund"], "no money of ours moves"
