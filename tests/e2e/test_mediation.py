"""Mediation over HTTP and the clock: escalated, reviewed, decided, appealed, amended, and what becomes of the money."""

from __future__ import annotations

import pytest

from tests.e2e.client import Answer, Json, Party, Services
from tests.e2e.deals import Dispute, counter, ordered, split, usd

pytestmark = pytest.mark.e2e

FOR_THE_SELLER: Json = {"outcome": "seller_favour", "rules": ["S12"], "weights": {}, "text": "It is as described."}


async def escalated(services: Services) -> Dispute:
    dispute = await (await ordered(services)).opened()
    await dispute.respond(counter("10.00"))
    await dispute.escalate()
    return dispute


async def under_review(services: Services) -> Dispute:
    """Both parties have said all."""
    dispute = await escalated(services)
    await dispute.state(dispute.deal.seller, answers={"packing": "It left whole."}, complete=True)
    await dispute.state(dispute.deal.buyer)
    return dispute


async def moved(services: Services, dispute: Dispute) -> list[tuple[str, str]]:
    """What the provider moved for the order after it took the payment."""
    lines = await services.ledger(dispute.deal.order_id)
    return [(line["kind"], line["amount"]["amount"]) for line in lines if line["kind"] != "capture"]


async def due(dispute: Dispute, kind: str) -> str:
    """When a deadline of the dispute falls due."""
    shown = (await dispute.show())["deadlines"]
    return next(str(deadline["due_at"]) for deadline in shown if deadline["kind"] == kind)


async def test_t9_t42_t15_t17_t18_k18_a_split_is_paid_appealed_and_amended_for_less(services: Services) -> None:
    dispute = await under_review(services)
    deal, second = dispute.deal, services.party("reviewer-2", "case_team")
    assert (await dispute.show())["state"] == "under_review"
    (await dispute.command(dispute.reviewer, "claim")).ok()
    refused = await dispute.command(second, "decision", split("30.00"), key="another")
    assert (refused.refused, refused["reviewer"]) == ((409, "claimed"), "reviewer-1")
    shown = await dispute.decide(split("30.00"))
    assert (shown["state"], shown["label"], shown["result"]["amount"]) == ("decided", "Dispute Finished", usd("30.00"))
    await dispute.when(lambda answer: answer["fulfilment"] == "refund_issued")
    assert await moved(services, dispute) == [("refund", "30.00")]
    await dispute.appeal(deal.seller)
    early = await dispute.command(second, "appeal-decision", split("20.00", decision="amended"), key="early")
    assert early.refused == (409, "other_party_may_appeal")
    await services.move_clock(now=early["allowed_at"])
    own = await dispute.command(
        dispute.reviewer, "appeal-decision", split("20.00", decision="amended"), key=services.new("key")
    )
    assert own.refused == (403, "same_reviewer")
    shown = await dispute.decide(split("20.00", decision="amended"), second, "appeal-decision")
    assert (shown["state"], shown["result"]["reached_type"], shown["result"]["amount"]) == (
        "closed",
        "appeal",
        usd("20.00"),
    )
    assert [(back["from"], back["amount"]) for back in shown["clawbacks"]] == [("buyer", usd("10.00"))]
    assert [decision["kind"] for decision in shown["decisions"]] == ["arbitrated", "appeal"]
    assert await moved(services, dispute) == [("refund", "30.00")]
    last = (await dispute.history(shown.position))[-1]
    assert (last["action"], last["detail"]["amount"]) == ("dispute_closed", usd("20.00"))


async def test_t18_k18_amended_for_more_the_difference_is_paid_and_the_dispute_closes(services: Services) -> None:
    dispute = await under_review(services)
    await dispute.decide(split("30.00"))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    for party in (dispute.deal.buyer, dispute.deal.seller):
        await dispute.appeal(party)
    more = split("50.00", decision="amended", outcome="buyer_favour")
    await dispute.decide(more, services.party("reviewer-2", "case_team"), "appeal-decision")
    closed = await dispute.closed()
    assert [refund["amount"] for refund in closed["refunds"]] == [usd("30.00"), usd("20.00")]
    assert sorted(await moved(services, dispute)) == [("refund", "20.00"), ("refund", "30.00")]


async def test_d3_d5_d6_d7_s12_time_alone_brings_a_case_to_its_review_and_a_decision_to_its_end(
    services: Services,
) -> None:
    dispute = await escalated(services)
    await services.move_clock(now=await due(dispute, "evidence"))
    shown = await dispute.when(lambda answer: answer["state"] == "under_review")
    overdue = await due(dispute, "review")
    await services.move_clock(now=overdue)
    later = await dispute.when(lambda answer: answer["version"] > shown["version"])
    assert (later["state"], (await due(dispute, "review")) > overdue) == ("under_review", True)
    await dispute.decide(FOR_THE_SELLER)
    survey = await due(dispute, "survey")
    await services.move_clock(now=await due(dispute, "appeal"))
    closed = await dispute.closed()
    assert (closed["result"]["reason"], closed["result"]["amount"]) == ("no_refund", usd("0.00"))
    assert await moved(services, dispute) == []
    (await dispute.command(dispute.deal.buyer, "survey", {"rating": 2})).ok()
    await services.move_clock(now=survey)
    assert (await dispute.command(dispute.deal.buyer, "survey", {"rating": 2})).refused == (409, "wrong_phase")
    assert (await dispute.deal.open()).refused[0] in (409, 422)


async def test_t14_a_party_is_asked_answers_under_its_key_and_reads_the_question(services: Services) -> None:
    dispute = await under_review(services)
    question = {"key": "label", "text": "Which number is on the label?", "mandatory": True}
    asked = (
        await dispute.command(dispute.reviewer, "evidence-request", {"from": "seller", "questions": [question]})
    ).ok()
    assert (asked["state"], asked["evidence_requests"][0]["from"]) == ("escalated", "seller")
    seller = dispute.deal.seller
    shown = await dispute.show(seller)
    assert shown["party_view"] == "action_required"
    text = (await seller.get(shown["evidence_requests"][0]["questions"][0]["text"]["href"])).ok()
    assert text["text"] == question["text"]
    incomplete = await dispute.command(seller, "statement", {"complete": True})
    assert (incomplete.status, incomplete["errors"][0]["pointer"]) == (422, "/answers/label")
    answered = await dispute.state(seller, answers={"label": "RR1DE"}, complete=True)
    assert (answered["state"], answered["statements"]["seller"]["complete"]) == ("under_review", True)
    href = answered["statements"]["seller"]["answers"]["label"]["href"]
    for reader in (dispute.deal.buyer, dispute.reviewer):
        assert (await reader.get(href)).ok()["text"] == "RR1DE"


async def test_t43_while_it_is_under_review_the_parties_may_settle(services: Services) -> None:
    dispute = await under_review(services)
    await dispute.respond(counter("25.00"))
    assert (await dispute.accept())["state"] == "agreed"
    closed = await dispute.closed()
    assert (closed["result"]["reached_type"], closed["result"]["amount"]) == ("negotiated", usd("25.00"))


async def queue(services: Services, by: Party, query: str) -> Answer:
    return (await by.read(f"/v1/queue?{query}")).ok()


async def test_g15_the_queue_lists_by_due_time_what_waits_and_who_has_it(services: Services) -> None:
    first, second = await escalated(services), await under_review(services)
    taken = (await second.command(second.reviewer, "claim")).ok()
    of_these = {first.id: "evidence", second.id: "review"}
    everything = await queue(services, first.reviewer, f"limit=100&at_least_position={taken.position}")
    rows = [row for row in everything["data"] if row["id"] in of_these]
    assert {row["id"]: row["due_kind"] for row in rows} == of_these
    instants = [row["due_at"] for row in everything["data"]]
    assert instants == sorted(instants)
    mine = await queue(services, second.reviewer, f"assigned_to=me&order_id={second.deal.order_id}")
    assert [row["assignment"]["reviewer"] for row in mine["data"]] == ["reviewer-1"]
    free = await queue(services, second.reviewer, f"assigned_to=nobody&order_id={second.deal.order_id}")
    assert free["data"] == []
    biased = services.party(first.deal.seller.sub, "case_team")
    (row,) = (await queue(services, biased, f"order_id={first.deal.order_id}"))["data"]
    assert (row["conflict"], row["assignment"]) == (True, None)
    for filtered in ("nobody", "reviewer-1"):
        asked = f"assigned_to={filtered}&order_id={first.deal.order_id}"
        assert (await queue(services, biased, asked))["data"] == []
    assert (await biased.get(first.path)).refused == (403, "conflict_of_interest")
    assert (await biased.post(f"{first.path}/claim")).refused == (403, "conflict_of_interest")
