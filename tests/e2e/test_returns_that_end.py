"""Returns that end by time or by their carrier, in the running system: three services, the clock and nobody's word."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.client import Answer, Party, Services, eventually
from tests.e2e.deals import Dispute, ordered

pytestmark = pytest.mark.e2e


class Goods:
    """Goods that are to go back in a dispute."""

    def __init__(self, services: Services, dispute: Dispute, return_id: str) -> None:
        self.services, self.dispute, self.return_id = services, dispute, return_id
        self.buyer, self.seller = dispute.deal.buyer, dispute.deal.seller

    async def show(self) -> Answer:
        return await self.buyer.get(f"/v1/returns/{self.return_id}", "return_label")

    async def be(self, state: str) -> Answer:
        return await eventually(self.show, lambda shown: shown.status == 200 and shown["state"] == state)

    async def step(self, by: Party, what: str, body: Any = None, **more: Any) -> Answer:
        return (await by.post(f"/v1/returns/{self.return_id}/{what}", body, service="return_label", **more)).ok()

    async def wait(self, kind: str) -> None:
        """Time passes until the deadline that runs."""
        (running,) = (await self.show()).ok()["deadlines"]
        assert running["kind"] == kind
        await self.services.move_clock(now=running["due_at"])

    async def told(self, party: Party) -> list[str]:
        await self.services.at_rest()
        rows = (await party.send("return_label", "GET", "/v1/notifications")).ok()["data"]
        return [row["kind"] for row in rows]


async def to_send_back(services: Services) -> Goods:
    dispute = await (await ordered(services)).opened(type="return_and_refund")
    goods = Goods(services, dispute, (await dispute.respond({"decision": "accept"}))["return_id"])
    await goods.be("label_issued")
    return goods


async def test_t24_d9_what_nobody_sends_lapses_and_its_dispute_closes_without_money(services: Services) -> None:
    goods = await to_send_back(services)
    await goods.wait("return_shipment")
    closed = await goods.dispute.closed()
    assert (closed["result"]["reason"], closed["result"]["amount"]["amount"]) == ("return_lapsed", "0.00")
    assert (closed["fulfilment"], (await goods.be("lapsed"))["deadlines"]) == ("lapsed", [])
    assert [await goods.told(party) for party in (goods.buyer, goods.seller)] == [
        ["return_lapsed", "return_authorized"],
        ["return_lapsed"],
    ]


async def test_t25_t28_d11_what_came_unannounced_and_nobody_looks_at_is_refunded(services: Services) -> None:
    goods = await to_send_back(services)
    await goods.step(services.party("warehouse-1", "warehouse"), "receipt")
    await goods.dispute.when(lambda shown: shown["fulfilment"] == "return_received")
    await goods.wait("return_inspection")
    closed = await goods.dispute.closed()
    assert (closed["result"]["reason"], closed["fulfilment"]) == ("refunded", "refund_issued")
    assert (await goods.be("inspected"))["inspection"]["result"] == "timed_out"
    assert "inspection_timed_out" in await goods.told(goods.seller)


async def test_t25a_d10_a_parcel_that_does_not_come_raises_an_alarm_and_its_loss_is_told_by_who_asked(
    services: Services,
) -> None:
    goods = await to_send_back(services)
    number = (await goods.show())["label"]["tracking_number"]
    await goods.step(goods.buyer, "shipment", {"tracking_number": number})
    await goods.wait("return_transit")
    assert "return_overdue" in await goods.told(goods.buyer)
    (again,) = (await goods.show())["deadlines"]
    assert again["kind"] == "return_transit"
    support = services.party("sue", "support")
    seen = (await support.get(f"/v1/returns/{goods.return_id}", "return_label")).etag
    await goods.step(support, "loss", key="lost", seen=seen)
    assert (await goods.dispute.closed())["result"]["reason"] == "refunded"


async def test_t25a_what_the_buyers_own_carrier_loses_the_case_team_looks_into(services: Services) -> None:
    goods = await to_send_back(services)
    await goods.step(goods.buyer, "shipment", {"tracking_number": "RR1DE"})
    seen = (await services.shop.get(f"/v1/returns/{goods.return_id}", "return_label")).etag
    await goods.step(services.shop, "loss", key="lost", seen=seen)
    await goods.dispute.when(lambda shown: shown["state"] == "escalated")
