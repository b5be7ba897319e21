"""Whole stories, from the opening to the money: what the parties see, what the books say, and why it ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import DAY, Deal, Dispute, counter, day_after, instant, now, ordered, usd, wire
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e

ACCEPT: Json = {"decision": "accept"}
TWO_LINES = [{"line_id": "1", "price": usd("30.00")}, {"line_id": "2", "price": usd("20.00")}]


def ended_with(shown: Answer, amount: str, reached: str | None, reason: str = "refunded") -> None:
    """S52: the page says the amount and why it finished."""
    assert (shown["state"], shown["label"], shown["party_view"]) == ("closed", "Dispute Finished", "finished")
    result = shown["result"]
    assert (result["amount"], result["reason"], result["reached_type"]) == (usd(amount), reason, reached)
    assert result["at"] == shown["closed_at"]
    assert result["rules"]


async def paid_back(deal: Deal, amount: str) -> None:
    """The provider's books hold the capture and this one refund, and the refund service says the same."""
    lines = [(line["kind"], line["amount"]) for line in await deal.services.ledger(deal.order_id)]
    assert lines == [("capture", deal.body["payment"]["amount"]), ("refund", usd(amount))]

    async def refunds() -> Answer:
        return (await deal.buyer.get(f"/v1/refunds?order_id={deal.order_id}", service="refund")).ok()

    (refund,) = (await eventually(refunds, lambda answer: [row["state"] for row in answer["data"]] == ["issued"]))[
        "data"
    ]
    assert (refund["amount"], refund["source"], refund["overdue"]) == (usd(amount), "agreement", False)


async def the_history_says_why(dispute: Dispute, amount: str, reason: str = "refunded") -> list[str]:
    """The last entry gives amount and reason with its rules; the names of all are returned."""
    shown = await dispute.show()
    entries = await eventually(dispute.history, lambda found: len(found) == shown["version"])
    assert [entry["version"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry["at"] and entry["actor"] for entry in entries)
    last = entries[-1]
    assert (last["action"], last["detail"]["reason"], last["detail"]["amount"]) == (
        "dispute_closed",
        reason,
        usd(amount),
    )
    assert last["rules"]
    return [entry["action"] for entry in entries]


async def test_a_counter_offer_that_the_buyer_accepts_is_what_is_paid(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    offered = await dispute.respond(counter("20.00"))
    assert (offered["state"], offered["solution"]["amount"]) == ("awaiting_buyer", usd("20.00"))
    await dispute.accept()
    ended_with(await dispute.closed(), "20.00", "negotiated")
    await paid_back(deal, "20.00")
    assert await the_history_says_why(dispute, "20.00") == [
        "dispute_opened",
        "seller_responded",
        "solution_proposed",
        "solution_accepted",
        "solution_reached",
        "refund_due",
        "refund_noted",
        "dispute_closed",
    ]
    assert (await deal.open()).refused == (409, "already_agreed")


async def test_s43_the_same_words_again_are_no_change(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(description="It is not here yet.")
    await dispute.respond(counter("20.00"))
    same = {"description": "It is not here yet.", "amount": (await dispute.show())["request"]["amount"]}
    refused = await dispute.command(deal.buyer, "modification", same)
    assert (refused.refused, refused["rules"], refused["errors"][0]["code"]) == (
        (422, "validation_failed"),
        ["S43"],
        "nothing_changed",
    )
    changed = (await dispute.command(deal.buyer, "modification", {"description": "It is still not here."})).ok()
    assert changed["round"] == 2


async def test_a_modified_request_that_the_seller_accepts_is_what_is_paid(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(contacted_seller=True)
    await dispute.respond(counter("10.00"))
    modified = await dispute.modify(amount=usd("35.00"), reason="late", description="It came after the party.")
    assert (modified["state"], modified["round"], modified["reason"], modified["solution"]) == (
        "awaiting_seller",
        2,
        "late",
        None,
    )
    agreed = await dispute.respond(ACCEPT)
    assert agreed["state"] == "agreed"
    closed = await dispute.closed()
    ended_with(closed, "35.00", "negotiated")
    assert closed["contacted_seller"] is True
    assert [(each["by"], each["version"], each["amount"], each["state"]) for each in closed["solutions"]] == [
        ("buyer", 1, usd("50.00"), "replaced"),
        ("seller", 1, usd("10.00"), "declined"),
        ("buyer", 2, usd("35.00"), "accepted"),
    ]
    await paid_back(deal, "35.00")
    assert (await the_history_says_why(dispute, "35.00"))[3] == "request_modified"


async def test_the_seller_is_silent_for_five_days_and_the_buyer_gets_all_that_was_asked_for(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(amount=usd("45.00"))
    (deadline,) = (await dispute.show())["deadlines"]
    assert (deadline["kind"], set(deadline["rules"])) == ("seller_response", {"S39", "S41"})
    assert instant(deadline["due_at"]) == day_after(instant((await dispute.show())["opened_at"]), 6)
    await services.move_clock(now=wire(instant(deadline["due_at"]) - timedelta(minutes=1)))
    assert (await dispute.show())["state"] == "awaiting_seller"
    await services.move_clock(now=deadline["due_at"])
    closed = await dispute.show()
    ended_with(closed, "45.00", "seller_timeout")
    assert "S41" in closed["result"]["rules"]
    await paid_back(deal, "45.00")
    assert (await the_history_says_why(dispute, "45.00"))[1] == "seller_response_timed_out"


async def test_a_refusal_leaves_the_buyer_to_ask_again_and_silence_then_goes_to_the_case_team(
    services: Services,
) -> None:
    dispute = await (await ordered(services)).opened()
    rejected = await dispute.respond({"decision": "reject", "reason": "It was sent on time."})
    assert (rejected["state"], rejected["solution"]) == ("awaiting_buyer", None)
    assert (await dispute.command(dispute.deal.buyer, "acceptance")).refused == (409, "wrong_phase")
    await services.move_clock(advance="6d")
    escalated = await dispute.show()
    assert (escalated["state"], escalated["party_view"], escalated["label"]) == (
        "escalated",
        "under_platform_review",
        "Dispute in Progress",
    )


async def test_goods_that_go_back_and_pass_the_inspection_bring_the_money(services: Services) -> None:
    deal = await ordered(services, promised=-3, facts={"shipped": -6, "delivered": -1})
    dispute = await deal.opened(reason="late", type="return_and_refund")
    agreed = await dispute.respond(ACCEPT)
    assert (agreed["state"], agreed["fulfilment"]) == ("agreed", "return_pending")
    label = await returned(dispute, agreed["return_id"], "label_issued")
    assert (label["kind"], label["label"]["prepaid"], label["label"]["payer"]) == ("dispute", True, "seller")
    assert instant(label["ship_by"]) == day_after(instant(agreed["opened_at"]), 11)
    path, warehouse = f"/v1/returns/{agreed['return_id']}", services.party("warehouse-1", "warehouse")
    (await deal.buyer.post(f"{path}/shipment", {"tracking_number": "RR123456785DE"}, service="return_label")).ok()
    await dispute.when(lambda shown: shown["fulfilment"] == "return_shipped")
    (await warehouse.post(f"{path}/receipt", service="return_label")).ok()
    await dispute.when(lambda shown: shown["fulfilment"] == "return_received")
    assert (await services.ledger(deal.order_id))[1:] == []
    seen = (await warehouse.get(path, "return_label")).etag
    passed = await warehouse.post(
        f"{path}/inspection", {"result": "pass"}, key="pass", seen=seen, service="return_label"
    )
    passed.ok()
    ended_with(await dispute.closed(), "50.00", "negotiated")
    await paid_back(deal, "50.00")
    names = await the_history_says_why(dispute, "50.00")
    assert names.count("return_noted") == 4
    assert names.index("refund_due") > names.index("return_noted")


async def test_goods_that_fail_the_inspection_go_to_the_case_team_and_bring_no_money(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(type="return_and_refund")
    await dispute.respond(counter("40.00", "return_and_refund", freight_payer="buyer"))
    agreed = await dispute.accept()
    label = await returned(dispute, agreed["return_id"], "self_paid")
    assert (label["label"]["prepaid"], label["label"]["payer"]) == (False, "buyer")
    path, warehouse = f"/v1/returns/{agreed['return_id']}", services.party("warehouse-1", "warehouse")
    (await deal.buyer.post(f"{path}/shipment", {"tracking_number": "RR1DE"}, service="return_label")).ok()
    assert (await deal.seller.post(f"{path}/receipt", service="return_label")).status == 403
    (await warehouse.post(f"{path}/receipt", service="return_label")).ok()
    (
        await warehouse.post(
            f"{path}/inspection", {"result": "fail", "fault": "different", "note": "A brick."}, service="return_label"
        )
    ).ok()
    shown = await dispute.when(lambda answer: answer["state"] == "escalated")
    assert shown["refunds"] == []
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture"]
    last = (await eventually(dispute.history, lambda found: len(found) == shown["version"]))[-1]
    assert (last["action"], last["detail"]["reason"]) == ("escalated", "return_condition")


async def returned(dispute: Dispute, return_id: str, state: str) -> Answer:
    """The return as the buyer sees it once it is in this state."""

    async def asked() -> Answer:
        return await dispute.deal.buyer.get(f"/v1/returns/{return_id}", service="return_label")

    return await eventually(asked, lambda answer: answer.status == 200 and answer["state"] == state)


async def test_a_cancelled_dispute_may_be_opened_again_and_names_the_one_before(services: Services) -> None:
    deal = await ordered(services)
    first = await deal.opened()
    assert (await deal.seller.post(f"{first.path}/cancellation")).refused == (403, "forbidden")
    cancelled = (await first.cancel()).ok()
    ended_with(cancelled, "0.00", None, "cancelled_by_buyer")
    status = (await deal.status(at_least=cancelled.position)).ok()
    assert (status["payout"], status["open_dispute"], status["completed"]) == ("held", None, False)
    second = await deal.opened()
    assert second.id != first.id
    assert (await second.show())["reopened_from"] == first.id
    assert (await first.cancel()).refused == (409, "wrong_phase")


async def test_cancelling_after_the_protections_end_warns_first_and_then_pays_the_seller(services: Services) -> None:
    deal = await ordered(services, promised=-20, facts={"shipped": -22, "delivered": -15})
    dispute = await deal.opened(reason="late")
    await services.move_clock(advance="2d")
    status = (await deal.status()).ok()
    assert (status["protection_expired"], status["payout"]) == (True, "held")
    refused = await dispute.cancel()
    is_one_problem(refused, 409, "release_ack_required", ["S47"])
    assert refused["warning"] == "payment_will_be_released"
    unseen = await deal.buyer.post(f"{dispute.path}/cancellation", {"acknowledge_release": True}, key="unseen")
    is_one_problem(unseen, 428, "if_match_required")
    cancelled = (await dispute.cancel(acknowledge_release=True)).ok()
    ended_with(cancelled, "0.00", None, "cancelled_by_buyer")
    status = (await deal.status(at_least=cancelled.position)).ok()
    assert (status["payout"], status["completed"]) == ("released", True)
    assert status["lines"] == [
        {
            "line_id": "1",
            "cap": usd("50.00"),
            "refunded": usd("0.00"),
            "released": usd("50.00"),
            "reclaimed": usd("0.00"),
            "charged_back": usd("0.00"),
            "held_by": None,
        }
    ]
    assert (await deal.open(reason="late")).refused == (409, "protection_expired")


async def test_an_order_that_nobody_disputes_is_released_an_hour_after_its_protection(services: Services) -> None:
    deal = await ordered(services, facts={"shipped": -16, "delivered": -15})
    ends_at = instant((await eventually(deal.status, lambda answer: answer.status == 200))["protection_ends_at"])
    assert ends_at == day_after(instant(deal.body["facts"][1]["at"]), 16)
    await services.move_clock(now=wire(ends_at + timedelta(minutes=59)))
    status = (await deal.status()).ok()
    assert (status["protection_expired"], status["payout"], status["completed"]) == (True, "held", False)
    await services.move_clock(now=wire(ends_at + timedelta(hours=1)))
    status = (await deal.status()).ok()
    assert (status["payout"], status["completed"], status["lines"][0]["released"]) == ("released", True, usd("50.00"))


async def test_what_is_refunded_and_what_is_released_make_up_what_was_paid_line_by_line(services: Services) -> None:
    deal = await ordered(services, lines=TWO_LINES, facts={"shipped": -19, "delivered": -15}, promised=-16)
    opened = (await deal.open(reason="late", amount=usd("12.00"))).ok(201)
    dispute = Dispute(deal, opened["id"])
    status = (await deal.status(at_least=opened.position)).ok()
    assert status["open_dispute"] == dispute.id
    assert [(line["line_id"], line["held_by"]) for line in status["lines"]] == [("1", dispute.id), ("2", None)]
    assert status["label"] == "Dispute in Progress"
    await dispute.respond(ACCEPT)
    await dispute.closed()
    await services.move_clock(advance="2d")
    status = (await deal.status()).ok()
    amounts = [(line["cap"], line["refunded"], line["released"]) for line in status["lines"]]
    assert amounts == [(usd("30.00"), usd("12.00"), usd("18.00")), (usd("20.00"), usd("0.00"), usd("20.00"))]
    assert (status["payout"], status["completed"], status["label"], status["open_dispute"]) == (
        "released",
        True,
        "Dispute Finished",
        None,
    )
    assert [(refund["outcome"], refund["amount"]) for refund in status["refunds"]] == [("issued", usd("12.00"))]


async def test_an_order_that_is_refunded_whole_releases_nothing(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    await dispute.respond(ACCEPT)
    closed = await dispute.closed()
    status = await eventually(deal.status, lambda answer: answer.status == 200 and answer["payout"] == "refunded")
    assert (status["lines"][0]["refunded"], status["lines"][0]["released"]) == (usd("50.00"), None)
    assert closed["refunds"][0]["amount"] == usd("50.00")
    await services.move_clock(advance="20d")
    assert (await deal.status())["payout"] == "refunded"


async def test_a_dispute_shows_itself_as_it_stood_at_an_instant(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    opened = await dispute.show()
    await services.move_clock(advance="1d")
    before_the_answer = await now(services)
    offered = await dispute.respond(counter("20.00"))
    path = f"{dispute.path}?as_of="
    then = (await dispute.deal.buyer.get(path + wire(before_the_answer))).ok()
    assert (then["version"], then["state"], then.etag.partition("-")[0]) == (1, "awaiting_seller", '"1')
    assert {**then.body, "available_actions": [], "unavailable_actions": []} == {
        **opened.body,
        "available_actions": [],
        "unavailable_actions": [],
    }
    assert (await dispute.deal.buyer.get(path + wire(before_the_answer + DAY)))["version"] == offered["version"]
    assert (
        await dispute.deal.buyer.get(path + wire(instant(opened["opened_at"]) - timedelta(microseconds=1)))
    ).refused == (404, "not_found")
    assert (await dispute.deal.buyer.get(path + opened["opened_at"]))["version"] == 1


async def test_t21_the_buyer_keeps_goods_that_were_not_sent_and_may_dispute_again(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened(type="return_and_refund")
    return_id = (await dispute.respond(ACCEPT))["return_id"]
    asked = await returned(dispute, return_id, "label_issued")
    assert asked["address_ref"] == "warehouse"
    where = (await deal.buyer.get(asked["warehouse"]["href"], "return_label")).ok()["text"]
    assert "warehouse" in where
    kept = (await dispute.cancel()).ok()
    assert (kept["state"], kept["close_reason"], kept["result"]["reached_type"]) == (
        "closed",
        "cancelled_by_buyer",
        None,
    )
    await returned(dispute, return_id, "voided")
    sent = await deal.buyer.post(
        f"/v1/returns/{return_id}/shipment", {"tracking_number": "RR000000005DE"}, service="return_label"
    )
    assert sent.refused == (409, "wrong_phase")
    assert (await (await deal.opened()).show())["reopened_from"] == dispute.id
