"""Every row of the table of transitions, taken over HTTP and by the clock: stories that together leave none out."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.transitions import TABLE, Step, Told, Transition
from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import Dispute, counter, now, ordered, split, usd

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

FOR_THE_SELLER: Json = {"outcome": "seller_favour", "rules": ["S12"], "weights": {}, "text": "It is as described."}
QUESTIONS: Json = {"from": "seller", "questions": [{"key": "box", "text": "Was the box open?"}]}
ACCEPT: Json = {"decision": "accept"}

Move = Step | DeadlineKind | Told
OF_RETURNS = "a return's own time and its carrier: see test_returns_that_end.py"
TAKES_TWO = "a programme of the operator's own wants two persons: see test_own_programme.py"
ELSEWHERE = {
    ("T13", Step.REVIEW, DisputeState.ESCALATED): "its window's timer is always there first: see test_review.py",
    ("T24", Told.RETURN, DisputeState.AGREED): OF_RETURNS,
    ("T25a", Told.RETURN, DisputeState.AGREED): OF_RETURNS,
    ("T15", Step.AGREE_DECISION, DisputeState.UNDER_REVIEW): TAKES_TWO,
    ("T18", Step.AGREE_APPEAL_DECISION, DisputeState.APPEAL_REVIEW): TAKES_TWO,
}
"""Rows that the running system does not come to, and why."""


@dataclass
class Walk:
    """Somebody who notes which rows are taken."""

    services: Services
    rows: list[Transition] = field(default_factory=list)

    async def opened(self, *, unpaid: bool = False, **form: str) -> Dispute:
        """A dispute; the provider does not pay an `unpaid` one, so that it stays where the row has led."""
        deal = await ordered(self.services)
        if unpaid:
            await self.services.arm(on="refund", fault="decline", code="account_invalid", order_id=deal.order_id)
        return await deal.opened(**form)

    async def take(self, rule: str, move: Move, dispute: Dispute, act: Awaitable[Answer]) -> Answer:
        """The row that a command takes from the state in which the dispute is."""
        before = await dispute.show()
        return self.took(rule, move, before["state"], (await act).ok(201 if move == Step.MESSAGE else 200))

    async def wait(self, kind: DeadlineKind, rule: str, dispute: Dispute) -> Answer:
        """The row that is taken because a deadline ends."""
        before = await dispute.show()
        standing = {one["kind"]: one["due_at"] for one in before["deadlines"]}
        await self.services.move_clock(now=standing[kind])
        after = await dispute.when(lambda shown: shown["version"] > before["version"])
        return self.took(rule, kind, before["state"], after)

    def took(self, rule: str, move: Move, before: str, after: Answer) -> Answer:
        """Notes the one row that leads from there; it leads to where it says, or not yet."""
        (row,) = [row for row in TABLE if (row.rule, row.step) == (rule, move) and before in row.states]
        assert after["state"] in (*row.to, before), (rule, before, after["state"])
        self.rows.append(row)
        return after


async def test_g8_every_row_of_the_table_is_taken_over_http_and_by_the_clock(services: Services) -> None:
    walk = Walk(services)
    for story in (answered, withdrawn, scanned, goods, replaced, cancelled, settled, decided, forced, waited):
        await story(walk)
    left = {(row.rule, row.step, row.states[0]) for row in TABLE if row not in walk.rows}
    assert left == set(ELSEWHERE)
    print(f"{len(TABLE) - len(left)} of {len(TABLE)} rows taken, in {len(walk.rows)} steps")


async def answered(walk: Walk) -> None:
    """The seller agrees, counters or refuses; the buyer takes the offer or asks for less."""
    dispute = await walk.opened()
    await walk.take("T2", Step.RESPOND, dispute, dispute.respond(ACCEPT))
    walk.took("T33", Told.REFUND, "agreed", await dispute.closed())
    dispute = await walk.opened()
    await walk.take("T3", Step.RESPOND, dispute, dispute.respond(counter("20.00")))
    await walk.take("T7", Step.MODIFY, dispute, dispute.modify(amount=usd("40.00")))
    await walk.take("T4", Step.RESPOND, dispute, dispute.respond({"decision": "reject"}))
    await dispute.modify(amount=usd("35.00"))
    await dispute.respond(counter("30.00"))
    await walk.take("T6", Step.ACCEPT, dispute, dispute.accept())


async def withdrawn(walk: Walk) -> None:
    """The buyer thinks again before the answer, after it, and with the case team."""
    unanswered, countered, escalated = [await walk.opened() for _ in range(3)]
    await countered.respond(counter("30.00"))
    await escalated.respond(counter("30.00"))
    await escalated.escalate()
    for dispute in (unanswered, countered, escalated):
        await walk.take("T21", Step.CANCEL, dispute, dispute.cancel())


async def scanned(walk: Walk) -> None:
    """A carrier tells of a delivery of what never came: both are told, and the buyer thinks again."""
    dispute = await walk.opened()
    told = await dispute.deal.tell("delivered", await now(walk.services))
    assert told.ok()["recorded"]
    shown = walk.took("T11", Told.SCAN, "awaiting_seller", await dispute.show())
    assert [(item["by"], item["kind"]) for item in shown["evidence"]] == [("carrier", "scan")]
    await walk.services.at_rest()
    for party in (dispute.deal.buyer, dispute.deal.seller):
        rows = (await party.send("dispute", "GET", "/v1/notifications")).ok()["data"]
        assert [row["kind"] for row in rows].count("carrier_scan_added") == 1
    await dispute.respond({"decision": "reject"})
    await walk.take("T21", Step.CANCEL, dispute, dispute.cancel())


async def goods(walk: Walk) -> None:
    """A return that is withdrawn, one that cannot be, and one whose goods fail the inspection."""
    kept = await walk.opened(type="return_and_refund")
    await kept.respond(ACCEPT)
    await walk.take("T21", Step.CANCEL, kept, kept.cancel())
    far = await (await ordered(walk.services, ship_to={"country": "US", "postal_code": "96815"})).opened(
        type="return_and_refund"
    )
    await far.respond(ACCEPT)
    walk.took("T22a", Told.RETURN, "agreed", await far.when(lambda shown: shown["state"] == "escalated"))
    back = await walk.opened(type="return_and_refund")
    path = f"/v1/returns/{(await back.respond(ACCEPT))['return_id']}"
    buyer, warehouse = back.deal.buyer, walk.services.party("warehouse-1", "warehouse")
    await eventually(
        lambda: buyer.get(path, "return_label"),
        lambda shown: shown.status == 200 and shown["state"] in ("label_issued", "self_paid"),
    )
    (await buyer.post(f"{path}/shipment", {"tracking_number": "RR1DE"}, service="return_label")).ok()
    (await warehouse.post(f"{path}/receipt", service="return_label")).ok()
    failed: Json = {"result": "fail", "fault": "different", "note": "A brick."}
    (await warehouse.post(f"{path}/inspection", failed, service="return_label")).ok()
    walk.took("T27", Told.RETURN, "agreed", await back.when(lambda shown: shown["state"] == "escalated"))


async def replaced(walk: Walk) -> None:
    """Another item that comes by the buyer's word, by a carrier's, and one that does not."""
    dispute = await walk.opened()
    await dispute.respond(counter("0.00", "exchange"))
    await dispute.accept()
    parcel: Json = {"tracking_number": "RR1ES"}
    seller, buyer = dispute.deal.seller, dispute.deal.buyer
    await walk.take("T40", Step.SHIP_REPLACEMENT, dispute, dispute.command(seller, "replacement-shipment", parcel))
    await walk.take("T40", Step.RECEIVE_REPLACEMENT, dispute, dispute.command(buyer, "replacement-receipt"))
    scanned = await walk.opened()
    await scanned.respond(counter("0.00", "replacement"))
    await scanned.accept()
    (await scanned.command(scanned.deal.seller, "replacement-shipment", parcel)).ok()
    (await walk.services.shop.post(f"{scanned.path}/replacement-receipt")).ok()
    walk.took("T40", Told.CARRIER, "agreed", await scanned.show())
    in_vain = await walk.opened()
    await in_vain.respond(counter("0.00", "replacement"))
    await in_vain.accept()
    await walk.wait(DeadlineKind.REPLACEMENT, "T40", in_vain)


async def cancelled(walk: Walk) -> None:
    """The order of an open dispute is cancelled before anything was sent."""
    deal = await ordered(walk.services, facts={})
    await walk.services.arm(on="refund", fault="decline", code="account_invalid", order_id=deal.order_id)
    dispute = await deal.opened()
    (await deal.tell("cancelled", await now(walk.services), by="seller")).ok()
    walk.took("T45", Told.ORDER_CANCELLED, "awaiting_seller", await dispute.show())
    earlier = await (late := await ordered(walk.services, facts={})).opened()
    (await earlier.cancel()).ok()
    (await late.tell("cancelled", await now(walk.services), by="seller")).ok()
    walk.took("T45", Told.ORDER_CANCELLED, "closed", await earlier.show())


async def settled(walk: Walk) -> None:
    """With the case team the parties may still agree."""
    dispute = await walk.opened()
    await dispute.respond(counter("20.00"))
    await walk.take("T9", Step.ESCALATE, dispute, dispute.escalate())
    await walk.take("T43", Step.RESPOND, dispute, dispute.respond(counter("25.00")))
    await walk.take("T43", Step.ACCEPT, dispute, dispute.accept())


async def decided(walk: Walk) -> None:
    """Handed over by the seller, claimed with a message, given back, asked anew, decided, appealed by both sides, and
    amended.
    """
    dispute = await walk.opened()
    first, second = dispute.reviewer, walk.services.party("reviewer-2", "case_team")
    buyer, seller = dispute.deal.buyer, dispute.deal.seller
    await dispute.respond(counter("20.00"))
    await dispute.modify(amount=usd("40.00"))
    await walk.take("T9", Step.ESCALATE, dispute, dispute.escalate(seller))
    await walk.take("T42", Step.STATEMENT, dispute, dispute.state(seller))
    said: Json = {"text": "Which number is on the box?", "to": "seller"}
    await walk.take("T12", Step.MESSAGE, dispute, dispute.command(first, "messages", said))
    await walk.take("T13", Step.CLAIM, dispute, dispute.command(first, "claim"))
    await walk.take("T13", Step.RELEASE, dispute, dispute.command(first, "release"))
    await dispute.state(buyer)
    await walk.take("T13", Step.REVIEW, dispute, dispute.command(first, "review"))
    await walk.take("T14", Step.REQUEST_EVIDENCE, dispute, dispute.command(first, "evidence-request", QUESTIONS))
    await dispute.state(seller)
    await walk.take("T15", Step.DECIDE, dispute, dispute.decide(split("30.00")))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    await walk.take("T20", Step.SURVEY, dispute, dispute.command(buyer, "survey", {"rating": 4}))
    await walk.take("T17", Step.APPEAL, dispute, dispute.appeal(seller))
    await dispute.appeal(buyer)
    amended = split("35.00", decision="amended")
    await walk.take("T18", Step.DECIDE_APPEAL, dispute, dispute.decide(amended, second, "appeal-decision"))
    walk.took("T33", Told.REFUND, "decided", await dispute.closed())


async def forced(walk: Walk) -> None:
    """Support decides what the parties have not agreed on, and another of them agrees."""
    dispute, new = await walk.opened(), walk.services.new
    first, second = (walk.services.party(f"support-{n}", "support") for n in (1, 2))
    ruling = split("30.00", action="decide", ticket="CASE-4711", reason="The carrier has found it.")
    waits = (await dispute.command(first, "override", ruling, key=new("key"))).ok(202)
    walk.took("T37", Step.OVERRIDE, "awaiting_seller", waits)
    agreed = {"agree": waits["proposals"][0]["id"]}
    await walk.take("T37", Step.AGREE_OVERRIDE, dispute, dispute.command(second, "override", agreed, key=new("key")))
    walk.took("T33", Told.REFUND, "decided", await dispute.closed())


async def waited(walk: Walk) -> None:
    """Time alone: every deadline ends, each in every state in which a row says what follows."""
    silent = await walk.opened(unpaid=True)
    await walk.wait(DeadlineKind.SELLER_RESPONSE, "T5", silent)
    lazy = await walk.opened()
    await lazy.respond(counter("20.00"))
    await walk.wait(DeadlineKind.BUYER_RESPONSE, "T8", lazy)
    slow = await walk.opened()
    await slow.respond(counter("20.00"))
    await walk.services.move_clock(advance="4d")
    await slow.modify(amount=usd("40.00"))
    await slow.respond(counter("21.00"))
    await walk.wait(DeadlineKind.NEGOTIATION, "T10", slow)
    await walk.wait(DeadlineKind.EVIDENCE, "T13", slow)
    await walk.wait(DeadlineKind.REVIEW, "T16", slow)
    await slow.decide(FOR_THE_SELLER)
    await walk.wait(DeadlineKind.APPEAL, "T19", slow)
    appealed = await walk.opened()
    await appealed.respond(counter("20.00"))
    await appealed.escalate()
    for party in (appealed.deal.buyer, appealed.deal.seller):
        await appealed.state(party)
    await appealed.decide(FOR_THE_SELLER)
    await walk.services.move_clock(advance="1d")
    await appealed.appeal(appealed.deal.buyer)
    await walk.wait(DeadlineKind.APPEAL, "T19", appealed)
    await walk.wait(DeadlineKind.APPEAL_REVIEW, "T44", appealed)
    await walk.wait(DeadlineKind.SURVEY, "T44", appealed)
