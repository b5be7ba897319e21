"""The refund service's own cap (G9, T30a). No request leads past it, for the dispute service keeps the same: so the log
is told a second claim.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from dispute.domain.decider import decider
from shared.events.base import SYSTEM
from shared.events.dispute import RefundDue, RefundSource
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.slot import SlotPosition, slot_of
from shared.eventstore.store import open_store
from shared.process.addresses import database_name, database_url
from tests.e2e.client import Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Deal, Dispute, now, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e


async def claim_again(stack: Stack, services: Services, dispute: Dispute) -> str:
    """Appends the dispute's claim for its money a second time, as another refund; answers that one's id."""
    stream, moment = f"dispute-{dispute.id}", await now(services)
    dsn = database_url(stack.database_url, database_name("dispute"))
    async with open_store(dsn, deadlines=decider.deadlines) as store:
        (history,) = await store.load(stream)
        (claim,) = [recorded.event for recorded in history if isinstance(recorded.event, RefundDue)]
        again = claim.model_copy(update={"refund_id": derived_id("rfd", history[0].metadata.key, "again")})
        cause = Cause(uuid4(), moment, str(SYSTEM), correlation=history[0].metadata.correlation)
        await store.append([Write(stream, history[0].metadata.key, len(history), [again])], cause)
    return again.refund_id


async def test_a_second_claim_for_the_same_money_is_refused_in_an_event_that_the_dispute_hears(
    stack: Stack, services: Services, logs: Logs
) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    refund_id = await claim_again(stack, services, dispute)

    heard = await eventually(
        lambda: logs.events("dispute", f"dispute-{dispute.id}"), lambda events: events[-1]["name"] == "RefundNoted"
    )
    noted = heard[-1]["data"]
    assert (noted["refund_id"], noted["outcome"], noted["reason"]) == (refund_id, "refused", "amount_exceeds_cap")
    assert (noted["amount"], noted["rules"]) == (usd("50.00"), ["S45", "T30a"])
    happened = await logs.events("refund", f"payment-{deal.order_id}")
    (refused,) = [event for event in happened if event["name"] == "RefundRefused"]
    assert refused["data"]["rules"] == ["G9", "T30a"]
    assert heard[-1]["metadata"]["causation"] == f"payment-{deal.order_id}/{refused['version']}"

    shown = await dispute.show()
    assert (shown["state"], shown["result"]["amount"]) == ("closed", usd("50.00"))
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture", "refund"]
    position = max(row["position"] for row in await logs.events("dispute", f"order-{deal.order_id}"))
    at_least = str(SlotPosition(slot_of(deal.order_id), position))
    assert (await deal.status(at_least=at_least)).ok()["lines"][0]["refunded"] == usd("50.00")


async def taken_by_another(stack: Stack, deal: Deal, services: Services, amount: str) -> None:
    """So much of the order's money goes back without its dispute."""
    stream, moment = f"order-{deal.order_id}", await now(services)
    dsn = database_url(stack.database_url, database_name("dispute"))
    due = RefundDue(
        refund_id=derived_id("rfd", deal.order_id, "another"),
        order_id=deal.order_id,
        payment_id=deal.order_id,
        dispute_id=None,
        buyer_id=deal.body["buyer_id"],
        seller_id=deal.body["seller_id"],
        lines=(LineAmount(line_id="1", amount=Money.parse(amount, "USD")),),
        amount=Money.parse(amount, "USD"),
        source=RefundSource.CANCELLATION,
        bank_window_bd=(3, 15),
        timezone="UTC",
        rules=("S57",),
    )
    async with open_store(dsn, deadlines=decider.deadlines) as store:
        (history,) = await store.load(stream)
        cause = Cause(uuid4(), moment, str(SYSTEM), correlation=history[0].metadata.correlation)
        await store.append([Write(stream, deal.order_id, len(history), [due])], cause)
    await eventually(lambda: services.ledger(deal.order_id), lambda lines: lines[-1]["kind"] == "refund")


async def test_t30a_what_is_refused_two_persons_of_support_ask_for_again_within_the_cap(
    stack: Stack, services: Services, logs: Logs
) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    await taken_by_another(stack, deal, services, "20.00")
    await dispute.respond({"decision": "accept"})
    asked = await dispute.when(lambda shown: bool(shown["refunds"]) and shown["refunds"][0]["outcome"] == "refused")
    path = f"/v1/refunds/{asked['refunds'][0]['id']}"
    sue, tom = services.party("sue", "support"), services.party("tom", "support")
    refund = await eventually(
        lambda: sue.get(path, service="refund"), lambda answer: answer.status == 200 and answer["state"] == "refused"
    )
    assert [each["rel"] for each in refund["available_actions"]] == ["abandon", "re-request"]
    why: dict[str, object] = {"ticket": "CASE-4711", "reason": "Another refund has taken a part."}
    again: dict[str, Any] = {"path": f"{path}/re-request", "service": "refund"}
    above = {"lines": [{"line_id": "1", "amount": usd("30.01")}]}
    assert (await sue.post(body=why | above, key="above", **again)).refused == (422, "amount_exceeds_cap")
    proposed = (
        await sue.post(body=why | {"lines": [{"line_id": "1", "amount": usd("30.00")}]}, key="ask", **again)
    ).ok(202)
    (made,) = proposed["proposals"]
    word: dict[str, Any] = {"body": {"agree": made["id"]}, "key": "agree", "seen": proposed.etag}
    assert (await sue.post(**word, **again)).refused == (403, "same_reviewer")
    agreed = (await tom.post(**word, **again)).ok()
    assert (agreed["state"], agreed["available_actions"]) == ("refused", [])

    closed = await dispute.closed()
    assert (closed["result"]["reason"], closed["result"]["amount"]) == ("refunded", usd("30.00"))
    assert [line["amount"] for line in await services.ledger(deal.order_id)] == [
        usd("50.00"),
        usd("20.00"),
        usd("30.00"),
    ]
    listed = (await sue.get(f"/v1/refunds?dispute_id={dispute.id}", service="refund"))["data"]
    assert {row["id"]: (row["replaces"], row["replaced_by"]) for row in listed} == {
        asked["refunds"][0]["id"]: (None, agreed["replaced_by"]),
        agreed["replaced_by"]: (asked["refunds"][0]["id"], None),
    }
    history = [entry["action"] for entry in (await dispute.deal.buyer.get(f"{dispute.path}/history"))["data"]]
    assert history[-4:] == ["refund_noted", "refund_due", "refund_noted", "dispute_closed"]
