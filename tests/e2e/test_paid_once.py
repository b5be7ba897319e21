"""The four probes at which others pay twice (a request repeated, full refunds at once, every way to one line's money at
once, a retry after a time-out), counted from the provider's report of the day.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from dispute.domain.decider import decider
from shared.events.base import SYSTEM
from shared.events.dispute import RefundDue, RefundSource
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.eventstore.store import open_store
from shared.process.addresses import database_name, database_url
from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Deal, Dispute, counter, now, ordered, split, usd
from tests.e2e.log import Logs
from tests.e2e.test_returns import LINES, ask, bought, granted, inspected, sent_and_received

pytestmark = pytest.mark.e2e

TIMES, AT_ONCE = 10, 6
RACES = 5
"""Orders on which the same is raced for side by side."""
PRICE = Decimal("50.00")
ACCEPT: Json = {"decision": "accept"}
SILENCE = 9
"""Seconds for which the provider does not answer: one more than it is waited for."""


async def paid(services: Services, deal: Deal) -> list[Decimal]:
    """What the provider's report says that went back for an order; no refund stands in it twice."""
    await services.at_rest()
    today = (await now(services)).date()
    lines = []
    for day in (today - timedelta(days=1), today):
        report = await services.send("sandbox", "GET", f"/psp/report?day={day}&format=json")
        lines += [line for line in report.ok()["data"] if line["order_id"] == deal.order_id and line["refund_id"]]
    assert set(Counter(line["refund_id"] for line in lines).values()) <= {1}, lines
    return [Decimal(line["amount"]["amount"]) for line in lines]


async def give(deal: Deal, key: str) -> Answer:
    """The seller gives all of it back of its own accord."""
    gift = {"type": "refund_only", "lines": [{"line_id": "1"}], "amount": usd("50.00")}
    return await deal.seller.post(f"/v1/orders/{deal.order_id}/goodwill", gift, key=key)


async def test_the_same_request_ten_times_at_once_pays_once(services: Services) -> None:
    agreed = await (await ordered(services)).opened()
    seen, path = (await agreed.show(agreed.deal.seller)).etag, f"{agreed.path}/response"
    given = await ordered(services)
    answers = await asyncio.gather(
        *(agreed.deal.seller.post(path, ACCEPT, key="yes", seen=seen) for _ in range(TIMES)),
        *(give(given, "gift") for _ in range(TIMES)),
    )
    assert Counter(answer.status for answer in answers) == {200: TIMES, 201: TIMES}
    assert len({answer["refund_id"] for answer in answers[TIMES:]}) == 1
    await agreed.closed()
    for deal in (agreed.deal, given):
        assert await paid(services, deal) == [PRICE]


async def test_of_six_full_refunds_of_one_payment_at_once_one_is_paid(
    stack: Stack, services: Services, logs: Logs
) -> None:
    given, told = await ordered(services), await ordered(services)
    answers = await asyncio.gather(*(give(given, f"gift-{n}") for n in range(AT_ONCE)))
    assert sorted(answer.status for answer in answers) == [201] + [422] * (AT_ONCE - 1)
    await ask_for_all(stack, services, told)
    heard = await eventually(
        lambda: logs.events("refund", f"payment-{told.order_id}"),
        lambda events: Counter(event["name"] for event in events)["RefundRefused"] == AT_ONCE - 1,
    )
    assert Counter(event["name"] for event in heard)["RefundRequested"] == 1
    for deal in (given, told):
        assert await paid(services, deal) == [PRICE]


async def ask_for_all(stack: Stack, services: Services, deal: Deal) -> None:
    """Six claims for all of the order's money, past the dispute service's own cap: its log is told them."""
    amount, stream = Money.parse("50.00", "USD"), f"order-{deal.order_id}"
    claims = [
        RefundDue(
            refund_id=derived_id("rfd", deal.order_id, n),
            order_id=deal.order_id,
            payment_id=deal.order_id,
            dispute_id=None,
            buyer_id=deal.buyer.sub,
            seller_id=deal.seller.sub,
            lines=(LineAmount(line_id="1", amount=amount),),
            amount=amount,
            source=RefundSource.CANCELLATION,
            bank_window_bd=(3, 15),
            timezone="UTC",
            rules=("S57",),
        )
        for n in range(AT_ONCE)
    ]
    async with open_store(
        database_url(stack.database_url, database_name("dispute")), deadlines=decider.deadlines
    ) as store:
        (history,) = await store.load(stream)
        cause = Cause(uuid4(), await now(services), str(SYSTEM), correlation=history[0].metadata.correlation)
        await store.append([Write(stream, deal.order_id, len(history), claims)], cause)


async def test_every_way_to_the_money_of_one_line_at_once_pays_no_more_than_it_cost(services: Services) -> None:
    agreed = await asyncio.gather(*(opened(services) for _ in range(RACES)))
    amended = await asyncio.gather(*(appealed(services) for _ in range(RACES)))
    back = await asyncio.gather(*(came_back(services) for _ in range(RACES)))
    full = split("50.00", decision="amended", outcome="buyer_favour")
    second = services.party("reviewer-2", "case_team")
    await asyncio.gather(
        *(
            raced(dispute.deal, dispute.command(dispute.deal.seller, "response", ACCEPT, key="yes"))
            for dispute in agreed
        ),
        *(raced(dispute.deal, dispute.command(second, "appeal-decision", full, key="more")) for dispute in amended),
        *(raced(deal, inspected(services, path)) for deal, path in back),
    )
    for deal in (*(dispute.deal for dispute in (*agreed, *amended)), *(deal for deal, _ in back)):
        assert sum(await paid(services, deal)) == PRICE


async def opened(services: Services) -> Dispute:
    """A dispute over an order that is not on its way, which may be cancelled still."""
    return await (await ordered(services, lines=LINES, facts={})).opened()


async def came_back(services: Services) -> tuple[Deal, str]:
    """Goods that were sent back without a dispute and have come: their inspection brings the money."""
    deal = await bought(services)
    back = await granted(deal, await ask(deal))
    await sent_and_received(services, deal, back["href"], back["label"]["tracking_number"])
    return deal, back["href"]


async def appealed(services: Services) -> Dispute:
    """A decision for less than half, which is paid and appealed by both."""
    dispute = await opened(services)
    deal = dispute.deal
    await dispute.respond(counter("10.00"))
    await dispute.escalate()
    for party in (deal.seller, deal.buyer):
        await dispute.state(party)
    await dispute.decide(split("20.00"))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    for party in (deal.buyer, deal.seller):
        await dispute.appeal(party)
    return dispute


async def raced(deal: Deal, settling: Awaitable[Answer]) -> None:
    """The way to the money that was begun, beside the order's cancellation, the seller's goodwill, a new dispute and a
    new return.
    """
    moment = await now(deal.services)
    answers = await asyncio.gather(
        settling, deal.tell("cancelled", moment, by="seller"), give(deal, "gift"), deal.open(), ask(deal, "once more")
    )
    statuses = [answer.status for answer in answers]
    assert 200 in statuses and {*statuses[-2:]} <= {409, 422} and max(statuses) < 500, answers


async def test_a_retry_after_a_time_out_whose_effect_happened_pays_once(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    deal = dispute.deal
    fault = await services.arm(on="refund", fault="timeout_after", order_id=deal.order_id, seconds=SILENCE)
    (refund,) = (await dispute.respond(ACCEPT))["refunds"]

    async def armed() -> Json:
        faults = (await services.send("sandbox", "GET", "/faults")).ok()["data"]
        return next(each for each in faults if each["id"] == fault["id"])

    await eventually(armed, lambda shown: shown["fired"] == 1)
    retried = await deal.buyer.post(f"/v1/refunds/{refund['id']}/retry", key="again", service="refund")
    assert retried.status == 200, retried.raw
    await dispute.closed()
    assert await paid(services, deal) == [PRICE]
