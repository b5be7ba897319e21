"""The payment provider misbehaves: no money goes twice, none is forgotten, and the dispute always hears how it
ended.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import Deal, Dispute, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e

ACCEPT: Json = {"decision": "accept"}
ONCE = {"timeout_after": {}, "timeout_before": {}, "error_after": {}, "delay": {"seconds": 1}}
"""Faults that tell nobody whether money went; a time-out lasts longer than the refund service waits."""


@pytest.fixture(scope="module")
async def unsure(services: Services) -> dict[str, Dispute]:
    """A dispute for each fault of which nobody knows whether money went, all at once and all over."""

    async def paid(fault: str, more: Json) -> tuple[str, Dispute]:
        dispute = await (await ordered(services)).opened()
        await services.arm(on="refund", fault=fault, order_id=dispute.deal.order_id, **more)
        await dispute.respond(ACCEPT)
        await dispute.closed()
        return fault, dispute

    return dict(await asyncio.gather(*(paid(fault, more) for fault, more in ONCE.items())))


async def refunds(deal: Deal) -> list[tuple[str, str]]:
    """The refunds in the provider's books: idempotency key without the refund's id, and amount."""
    return [
        (line["idempotency_key"].split("/")[1], line["amount"]["amount"])
        for line in await deal.services.ledger(deal.order_id)
        if line["refund_id"]
    ]


async def names(logs: Logs, deal: Deal) -> list[str]:
    """What happened to the money, but not that the buyer was told of it, which comes whenever it comes."""
    found = [event["name"] for event in await logs.events("refund", f"payment-{deal.order_id}")]
    return [name for name in found if name != "RefundConfirmed"]


@pytest.mark.parametrize("fault", ONCE)
async def test_an_unknown_outcome_is_asked_again_under_the_same_key_and_pays_once(
    services: Services, logs: Logs, unsure: dict[str, Dispute], fault: str
) -> None:
    dispute = unsure[fault]
    armed = [
        armed
        for armed in (await services.send("sandbox", "GET", "/faults"))["data"]
        if armed["order_id"] == dispute.deal.order_id
    ]
    assert [(fault["fault"], fault["fired"]) for fault in armed] == [(fault, 1)]
    assert await refunds(dispute.deal) == [("0", "50.00")]
    assert await names(logs, dispute.deal) == ["PaymentCaptured", "RefundRequested", "RefundApproved", "RefundIssued"]
    assert (await dispute.show())["result"]["reason"] == "refunded"


async def refund_of(dispute: Dispute, state: str) -> Answer:
    """The refund as the buyer sees it once it is in this state."""
    refund_id = (await dispute.show())["refunds"][0]["id"]

    async def asked() -> Answer:
        return await dispute.deal.buyer.get(f"/v1/refunds/{refund_id}", service="refund")

    return await eventually(asked, lambda answer: answer.status == 200 and answer["state"] == state)


async def test_a_decline_is_told_to_the_parties_and_tried_again_a_minute_later_under_another_key(
    services: Services, logs: Logs
) -> None:
    dispute = await (await ordered(services)).opened()
    await services.arm(on="refund", fault="decline", order_id=dispute.deal.order_id)
    await dispute.respond(ACCEPT)
    failed = await dispute.when(lambda shown: shown["fulfilment"] == "refund_failed")
    assert (failed["state"], failed["refunds"][0]["outcome"]) == ("agreed", "failed")
    refund = await refund_of(dispute, "failed")
    assert (refund["failures"], refund["reason"], bool(refund["retry_at"])) == (1, "declined", True)
    assert {check["code"] for check in refund["checks"]} >= {
        "usd_account",
        "local_currency",
        "bank_settlement_time",
        "correspondent_bank",
    }
    await services.move_clock(now=refund["retry_at"])
    assert (await dispute.closed())["result"]["reason"] == "refunded"
    assert await refunds(dispute.deal) == [("1", "50.00")]
    assert await names(logs, dispute.deal) == [
        "PaymentCaptured",
        "RefundRequested",
        "RefundApproved",
        "RefundFailed",
        "RefundIssued",
    ]


async def declined_until_people_take_over(services: Services) -> Dispute:
    """A dispute whose refund the provider has declined as often as it is tried."""
    dispute = await (await ordered(services)).opened()
    order_id = dispute.deal.order_id
    await services.arm(on="refund", fault="decline", order_id=order_id, times=6, code="account_invalid")
    await dispute.respond(ACCEPT)
    await services.move_clock(advance="1h")
    return dispute


async def test_six_declines_hand_the_refund_to_people_and_two_of_support_have_it_tried_again(
    services: Services, logs: Logs
) -> None:
    dispute = await declined_until_people_take_over(services)
    deal = dispute.deal
    shown = await dispute.show()
    assert (shown["state"], shown["fulfilment"], shown["refunds"][0]["outcome"]) == (
        "agreed",
        "refund_failed",
        "sent_to_manual",
    )
    refund = await refund_of(dispute, "manual")
    assert (refund["failures"], refund["reason"], refund["retry_at"]) == (6, "account_invalid", None)
    assert [each["rel"] for each in refund["available_actions"]] == ["correct-account"]
    assert refund["unavailable_actions"] == []
    support = services.party("sue", "support")
    action, *others = (await support.get(f"/v1/refunds/{refund['id']}", service="refund"))["available_actions"]
    assert [each["rel"] for each in (action, *others)] == ["retry", "record-manual-payment", "abandon"]
    for party in (deal.seller, deal.buyer):
        assert (await party.post(action["href"], key="try", service="refund")).refused == (403, "forbidden")
    proposed = (await support.post(action["href"], key="try", service="refund")).ok(202)
    (made,) = proposed["proposals"]
    assert (proposed["state"], made["kind"], made["by"]) == ("manual", "retry", "sue")
    word: dict[str, Any] = {"body": {"agree": made["id"]}, "key": "agree", "seen": proposed.etag, "service": "refund"}
    assert (await support.post(action["href"], **word)).refused == (403, "same_reviewer")
    (await services.party("tom", "support").post(action["href"], **word)).ok()
    await dispute.closed()
    assert await refunds(deal) == [("6", "50.00")]
    assert (await names(logs, deal))[3:] == ["RefundFailed"] * 6 + [
        "RefundSentToManual",
        "ProposalMade",
        "ProposalAgreed",
        "RefundRetried",
        "RefundIssued",
    ]


async def test_t31a_two_of_support_give_up_what_the_provider_never_pays_and_the_dispute_ends_without_a_refund(
    services: Services, logs: Logs
) -> None:
    dispute = await declined_until_people_take_over(services)
    deal = dispute.deal
    refund = await refund_of(dispute, "manual")
    path, support = f"/v1/refunds/{refund['id']}/abandonment", services.party("sue", "support")
    why = {"ticket": "CASE-4711", "reason": "The buyer has the money by another way, and says so."}
    proposed = (await support.post(path, why, key="give-up", service="refund")).ok(202)
    (made,) = proposed["proposals"]
    word: dict[str, Any] = {"body": {"agree": made["id"]}, "key": "agree", "seen": proposed.etag, "service": "refund"}
    gone = (await services.party("tom", "support").post(path, **word)).ok()
    assert (gone["state"], gone["proposals"]) == ("abandoned", [])
    closed = await dispute.closed()
    assert (closed["result"]["reason"], closed["result"]["amount"]) == ("no_refund", usd("0.00"))
    assert closed["refunds"][0]["outcome"] == "abandoned"
    assert await refunds(deal) == []
    assert (await names(logs, deal))[-3:] == ["ProposalMade", "ProposalAgreed", "RefundAbandoned"]


@pytest.mark.case(
    "B16",
    given="10.00 of 50.00 captured, 50.00 agreed, tried six times",
    right="refund_failed, sent_to_manual, [] paid",
)
async def test_the_provider_never_pays_back_more_than_it_took_and_the_dispute_hears_it(
    services: Services, logs: Logs, came: Came
) -> None:
    dispute = await (await ordered(services, capture="10.00")).opened()
    await dispute.respond(ACCEPT)
    await services.move_clock(advance="1h")
    shown = await dispute.show()
    noted = [
        event["data"]
        for event in await logs.events("dispute", f"dispute-{dispute.id}")
        if event["name"] == "RefundNoted"
    ]
    assert [(event["outcome"], event["reason"]) for event in noted] == [("failed", "amount_exceeds_capture")] * 6 + [
        ("sent_to_manual", None)
    ]
    came(f"{shown['fulfilment']}, {shown['refunds'][0]['outcome']}, {await refunds(dispute.deal)} paid")
