"""Chargebacks over HTTP, on real PostgreSQL, with the sandbox's provider: who tells of them, who sees them, and that
nothing is sent while one is open (S103).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from refund.domain.payments.refund import RefundState
from refund.read_models import chargebacks
from refund.read_models.chargebacks import ChargebackFilter
from shared.events.base import Actor
from tests.support.builders import chargebacks as b
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import Paying, RefundService, serving_payments, serving_refunds
from tests.support.servers.stack import eventually

Migrated = Callable[[str], Awaitable[str]]
OPENED = {
    "order_id": "o1",
    "chargeback_id": "cb1",
    "amount": {"amount": "100.00", "currency": "USD"},
    "reason_code": "13.1",
    "opened_at": "2026-03-02T09:00:00Z",
}
DECIDED = {"order_id": "o1", "resolved_at": "2026-03-02T09:30:00Z"}
CB = "/v1/chargebacks/cb1"


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    async with serving_refunds(await migrated("refund")) as service:
        yield service


@pytest.fixture
async def paying(migrated: Migrated) -> AsyncIterator[Paying]:
    async with serving_payments(await migrated("refund"), await migrated("sandbox")) as paying:
        yield paying


async def test_s103_a_service_reports_a_chargeback_and_who_oversees_it_or_sells_sees_it(service: RefundService) -> None:
    await service.ask(p.capture())
    assert (await service.served.post("/v1/chargebacks", p.BUYER, OPENED)).status == 403
    opened = await service.served.post("/v1/chargebacks", b.BANK, OPENED)
    assert (opened.status, opened.body["state"], opened.body["href"]) == (201, "open", CB)
    assert (await service.served.post("/v1/chargebacks", b.BANK, OPENED)).status == 201
    await service.project()
    stranger = Actor(id="eve", roles=frozenset({"seller"}))
    for actor, status in ((p.SUPPORT, 200), (p.SELLER, 200), (stranger, 404), (p.BUYER, 403)):
        assert (await service.served.get(CB, actor)).status == status
    for actor, found in ((p.SUPPORT, ["cb1"]), (p.SELLER, ["cb1"]), (stranger, [])):
        listed = (await service.served.get("/v1/chargebacks", actor, state="open")).body["data"]
        assert [row["id"] for row in listed] == found
    assert (await service.served.get("/v1/chargebacks/cb2", p.SUPPORT)).status == 404


async def test_t34_support_finds_what_the_bank_is_to_be_told_of_and_says_that_it_was(service: RefundService) -> None:
    await service.ask(p.capture(), p.request(), p.issue(), b.opens())

    async def listed(representment: str) -> list[Any]:
        await service.project()
        found = await service.served.get("/v1/chargebacks", p.SUPPORT, representment=representment)
        return [row["id"] for row in found.body["data"]]

    assert (await listed("due"), await listed("closed")) == (["cb1"], [])
    (due,) = (await service.served.get(CB, p.SUPPORT)).body["representments"]
    assert (due["refund_id"], due["provider_ref"], due["closed_at"]) == ("rfd_9a31", "psp_rfd_9a31", None)
    told = await service.served.post(f"{CB}/representment", p.SUPPORT, {"ticket": "CASE-4711"})
    assert (told.status, told.body["representments"][0]["because"]) == (200, "sent")
    assert (await listed("due"), await listed("closed")) == ([], ["cb1"])


async def test_t34_t35_nothing_is_sent_while_a_chargeback_is_open_and_then_it_is_paid_once(paying: Paying) -> None:
    await paying.ask(p.capture(), b.opens(minor=2000), p.request())
    await paying.at_rest()
    assert (await paying.paid(), (await paying.types())[-1]) == ([], "RefundHeld")
    assert (await paying.served.get("/v1/refunds/rfd_9a31", p.BUYER)).body["held_by"] == "cb1"
    decided = await paying.served.post(f"{CB}/result", b.BANK, {**DECIDED, "result": "buyer_paid"})
    assert (decided.status, decided.body["paid"]["amount"]) == (200, "20.00")
    await paying.at_rest()
    assert await paying.paid() == [("rfd_9a31/0", "25.00")]
    assert (await paying.refund()).state is RefundState.ISSUED


async def test_t34_what_went_before_the_chargeback_was_known_is_found_by_asking(paying: Paying) -> None:
    await paying.break_next("timeout_after", times=1)
    await paying.ask(p.capture(), p.request())
    await eventually(paying.paid)
    await paying.served.decide(b.opens())
    await paying.at_rest()
    assert await paying.paid() == [("rfd_9a31/0", "25.00")]
    assert (await paying.types())[-2:] == ["RefundIssued", "RepresentmentDue"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ChargebackFilter(order_id="o1"), "chargebacks_order"),
        (ChargebackFilter(seller_id="sam"), "chargebacks_seller"),
        (ChargebackFilter(state="open"), "chargebacks_state"),
        (ChargebackFilter(representment="due"), "chargebacks_representment"),
        (ChargebackFilter(before=(p.MONDAY, "cb1")), "chargebacks_newest"),
    ],
)
async def test_each_list_is_read_by_an_index(service: RefundService, wanted: ChargebackFilter, index: str) -> None:
    query, values = chargebacks.query(wanted, 26)
    async with service.served.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + query.text, *query.arguments(values))
    assert index in str(plan)
