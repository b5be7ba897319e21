"""Stories: each way that a dispute can take, played over HTTP for one order, with an Idempotency-Key for each step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aiohttp

from ops.orders.evidence import picture
from tests.chaos.client import Patient
from tests.e2e.client import Answer, Json, Party, Services, eventually
from tests.e2e.deals import DAY, NOTHING_CAME, counter, now, split, usd, wire

PATIENCE = 180.0
"""Seconds for what follows in other services."""
FAR = 120 * DAY
"""Longer than any deadline that a finished story leaves behind."""
MOVE = aiohttp.ClientTimeout(total=30)
"""Below the sandbox's own patience: a move that stands still is begun anew."""


@dataclass(frozen=True)
class Case:
    """One order and the dispute over it."""

    services: Services
    order_id: str
    amount: str
    pace: float = 0.0
    """Seconds that somebody thinks at most before each step."""

    @property
    def buyer(self) -> Party:
        return self.services.party(f"buyer-of-{self.order_id}", "buyer")

    @property
    def seller(self) -> Party:
        return self.services.party(f"seller-of-{self.order_id}", "seller")

    @property
    def warehouse(self) -> Party:
        return self.services.party("warehouse-1", "warehouse")

    def reviewer(self, n: int = 1) -> Party:
        return self.services.party(f"reviewer-{n}", "case_team")

    @cached_property
    def chance(self) -> random.Random:
        """The order's own: what happens to it is the same in every run."""
        return random.Random(self.order_id)

    async def think(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.pace))

    def key(self, step: str) -> str:
        return f"{self.order_id}/{step}"

    async def placed(self, promised: int, facts: Mapping[str, float]) -> None:
        """The provider takes the money and the shop registers the order; days are counted from now."""
        await self.think()
        taken = {"order_id": self.order_id, "payment_id": self.order_id, "amount": usd(self.amount)}
        (await self.services.send("sandbox", "POST", "/psp/captures", json=taken)).ok(201)
        moment = await now(self.services)
        order = {
            "buyer_id": self.buyer.sub,
            "seller_id": self.seller.sub,
            "payment": {"method": "visa", "amount": usd(self.amount), "paid_at": wire(moment - 20 * DAY)},
            "lines": [{"line_id": "1", "price": usd(self.amount)}],
            "ship_to": {"country": "DE", "postal_code": "10115"},
            "promised_by": (moment + promised * DAY).date().isoformat(),
            "placed_at": wire(moment - 20 * DAY),
            "facts": [{"type": name, "at": wire(moment + days * DAY)} for name, days in facts.items()],
        }
        headers = {"Idempotency-Key": self.key("order")}
        answer = await self.services.shop.send("dispute", "PUT", f"/v1/orders/{self.order_id}", headers, json=order)
        assert answer.status in (200, 201), answer.raw

    async def opened(self, reason: str, kind: str, amount: str) -> str:
        """The id of the dispute that the buyer opens."""
        return str((await self.open(reason, kind, amount)).ok(201)["id"])

    async def open(self, reason: str, kind: str, amount: str) -> Answer:
        asked = {"reason": reason, "type": kind, "amount": usd(amount), "description": NOTHING_CAME}
        form = {"order_id": self.order_id, "lines": [{"line_id": "1", "quantity": 1}], **asked}
        await self.think()
        return await self.buyer.post("/v1/disputes", form, key=self.key("open"))

    async def step(self, by: Party, dispute: str, what: str, body: Any = None, n: int = 1) -> Answer:
        """A command on the dispute by somebody who has just looked; `n` tells it from an earlier one of its kind."""
        await self.think()
        path = f"/v1/disputes/{dispute}"
        seen = (await by.get(path)).ok().etag
        return (await by.post(f"{path}/{what}", body, key=self.key(f"{what}-{n}"), seen=seen)).ok()

    async def show(self, by: Party, dispute: str) -> str:
        """The id of a picture that the party adds to the dispute; its form is bytes, which can be sent again."""
        await self.think()
        head = 'Content-Disposition: form-data; name="file"; filename="shown.png"'
        form = b"\r\n".join((b"--end", head.encode(), b"", picture(self.order_id), b"--end--", b""))
        headers = {"Idempotency-Key": self.key("evidence"), "Content-Type": "multipart/form-data; boundary=end"}
        sent = await by.send("dispute", "POST", f"/v1/disputes/{dispute}/evidence", headers, data=form)
        return str(sent.ok(201)["evidence"][-1]["id"])

    async def when(self, path: str, holds: Callable[[Answer], bool], service: str = "dispute") -> Answer:
        """What the buyer sees as soon as it holds."""
        return await eventually(lambda: self.buyer.get(path, service), holds, PATIENCE)

    async def closed(self, dispute: str) -> Answer:
        return await self.when(f"/v1/disputes/{dispute}", lambda answer: answer.ok()["state"] == "closed")


Story = Callable[[Case], Awaitable[str]]
"""Plays until only time is missing, and answers with the dispute's id."""


async def negotiated(case: Case) -> str:
    """Never arrived: counter-offer, modification, counter-offer, acceptance, 42.00 back."""
    await case.placed(-1, {"shipped": -5})
    dispute = await case.opened("not_received", "refund_only", "50.00")
    await case.step(case.seller, dispute, "response", counter("30.00"))
    await case.step(case.buyer, dispute, "modification", {"amount": usd("45.00")})
    await case.step(case.seller, dispute, "response", counter("42.00"), n=2)
    await case.step(case.buyer, dispute, "acceptance")
    await case.closed(dispute)
    return dispute


async def accepted(case: Case) -> str:
    """Told late that it had been shipped, never arrived, and the seller agrees at once."""
    await case.placed(-1, {})
    told = {"type": "shipped", "at": wire(await now(case.services) - 3 * DAY)}
    (await case.services.shop.post(f"/v1/orders/{case.order_id}/facts", told, key=case.key("shipped"))).ok()
    dispute = await case.opened("not_received", "refund_only", case.amount)
    await case.step(case.seller, dispute, "response", {"decision": "accept"})
    await case.closed(dispute)
    return dispute


async def returned(case: Case) -> str:
    """Arrived late: the goods go back, pass the inspection, and the money follows."""
    await case.placed(-3, {"shipped": -10, "delivered": -0.01})
    dispute = await case.opened("late", "return_and_refund", case.amount)
    back = f"/v1/returns/{(await case.step(case.seller, dispute, 'response', {'decision': 'accept'}))['return_id']}"
    await case.when(back, lambda answer: answer.status == 200 and answer["state"] == "label_issued", "return_label")
    steps: list[tuple[Party, str, Json | None]] = [
        (case.buyer, "shipment", {"tracking_number": f"RR{case.order_id}"}),
        (case.warehouse, "receipt", None),
        (case.warehouse, "inspection", {"result": "pass"}),
    ]
    for by, what, body in steps:
        await case.think()
        seen = (await by.get(back, "return_label")).ok().etag
        (await by.post(f"{back}/{what}", body, key=case.key(what), seen=seen, service="return_label")).ok()
    await case.closed(dispute)
    return dispute


async def withdrawn(case: Case) -> str:
    """The buyer thinks again: no money moves."""
    await case.placed(-1, {"shipped": -5})
    dispute = await case.opened("not_received", "refund_only", case.amount)
    await case.think()
    (await case.buyer.post(f"/v1/disputes/{dispute}/cancellation", key=case.key("cancellation"))).ok()
    await case.closed(dispute)
    return dispute


async def mediated(case: Case) -> str:
    """The longest life: countered, escalated, shown, reviewed, decided, appealed by both, and amended for more."""
    await case.placed(-1, {"shipped": -5})
    dispute = await case.opened("not_received", "refund_only", case.amount)
    first, second = case.reviewer(1), case.reviewer(2)
    await case.step(case.seller, dispute, "response", counter("10.00"))
    await case.step(case.buyer, dispute, "escalation")
    shown = await case.show(case.buyer, dispute)
    for party in (case.seller, case.buyer):
        await case.step(party, dispute, "statement", {"answers": {"what": "I have said it."}, "complete": True})
    await case.step(first, dispute, "review")
    await case.step(first, dispute, "decision", split("40.00", weights={shown: 2}))
    await case.when(f"/v1/disputes/{dispute}", lambda answer: answer.ok()["fulfilment"] == "refund_issued")
    for party in (case.seller, case.buyer):
        await case.step(party, dispute, "appeal", {"ground": "It was another item."})
    amended = split("65.00", decision="amended", weights={shown: 3})
    await case.step(second, dispute, "appeal-decision", amended)
    await case.closed(dispute)
    return dispute


async def declined(case: Case) -> str:
    """The provider cannot pay to the buyer's account; the buyer puts it right, and the money goes."""
    await case.services.arm(on="refund", fault="decline", code="account_invalid", order_id=case.order_id)
    await case.placed(-1, {"shipped": -5})
    dispute = await case.opened("not_received", "refund_only", case.amount)
    accepted = await case.step(case.seller, dispute, "response", {"decision": "accept"})
    refund = f"/v1/refunds/{accepted['refunds'][0]['id']}"
    await case.when(refund, lambda answer: answer.status == 200 and answer["state"] == "failed", "refund")
    (await case.buyer.post(f"{refund}/retry", key=case.key("retry"), service="refund")).ok()
    await case.closed(dispute)
    return dispute


async def unanswered(case: Case) -> str:
    """Never arrived, and the seller is silent: all of it back, once time has passed."""
    await case.placed(-1, {"shipped": -5})
    return await case.opened("not_received", "refund_only", case.amount)


STORIES: dict[str, tuple[Story, str]] = {
    "negotiated": (negotiated, "68.00"),
    "accepted": (accepted, "25.00"),
    "returned": (returned, "84.50"),
    "withdrawn": (withdrawn, "31.00"),
    "mediated": (mediated, "90.00"),
    "declined": (declined, "47.00"),
    "unanswered": (unanswered, "120.00"),
}
"""Each story with what its order costs."""
LASTING = tuple(name for name in STORIES if name != "declined")
"""The stories that outlive the sandbox: what the provider shall decline is kept in its memory."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Orders whose stories were played together: the dispute of each by the order's id, `<wave>-<story>-<n>`."""

    name: str
    disputes: Mapping[str, str]


async def play(
    services: Patient, name: str, copies: int = 1, pace: float = 0.0, stories: Iterable[str] = STORIES
) -> Wave:
    """Every story `copies` times, side by side; then time passes until the silent sellers' is over."""
    cases = [
        (Case(services, f"{name}-{story}-{n}", STORIES[story][1], pace), STORIES[story][0])
        for story in stories
        for n in range(copies)
    ]
    disputes = await asyncio.gather(*(tell(case) for case, tell in cases))
    silent = [(case, dispute) for (case, tell), dispute in zip(cases, disputes, strict=True) if tell is unanswered]
    if silent:
        await pass_time(services, max([await _due(case, dispute) for case, dispute in silent]))
    await asyncio.gather(*(case.closed(dispute) for case, dispute in silent))
    return Wave(name, {case.order_id: dispute for (case, _), dispute in zip(cases, disputes, strict=True)})


async def _due(case: Case, dispute: str) -> str:
    shown = (await case.seller.get(f"/v1/disputes/{dispute}")).ok()
    return next(str(one["due_at"]) for one in shown["deadlines"] if one["kind"] == "seller_response")


async def pass_time(services: Patient, until: str) -> None:
    """Moves the clock however often the move is cut off; that it has been there already is as good."""
    answer = await services.send("sandbox", "POST", "/clock", json={"now": until}, timeout=MOVE)
    assert answer.status == 200 or answer.refused == (409, "clock_goes_forwards_only"), answer.raw


async def pass_all_time(services: Patient) -> None:
    """Time passes until nothing is left to wait for."""
    await pass_time(services, wire(await now(services) + FAR))
