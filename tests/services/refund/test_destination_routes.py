"""The routes of where an order's refunds go (S60)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.builders import refunds as p
from tests.support.servers.refund_service import RefundService, serving_refunds

Migrated = Callable[[str], Awaitable[str]]
PATH = "/v1/refund-destinations/o1"


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    async with serving_refunds(await migrated("refund")) as service:
        yield service


async def test_s60_the_buyer_chooses_until_a_refund_is_approved(service: RefundService) -> None:
    get, post = service.served.get, service.served.post
    assert (await get(PATH, p.BUYER)).status == 404
    await service.ask(p.capture())
    open_to = {"order_id": "o1", "changeable": True, "bonus": {"eligible": True, "code": None}}
    assert (await get(PATH, p.BUYER)).body == {**open_to, "destination": "original"}
    chosen = await post(PATH, p.BUYER, {"destination": "bonus"})
    assert (chosen.status, chosen.body) == (200, {**open_to, "destination": "bonus"})
    await service.ask(p.request())
    fixed = await get(PATH, p.BUYER)
    assert (fixed.body["changeable"], fixed.body["bonus"]) == (False, {"eligible": False, "code": "wrong_phase"})
    late = await post(PATH, p.BUYER, {"destination": "original"})
    assert (late.status, late.body["code"]) == (409, "wrong_phase")
    shown = await get("/v1/refunds/rfd_9a31", p.BUYER)
    assert shown.body["destination"] == "bonus"
    (row,) = (await get("/v1/refunds", p.BUYER, destination="bonus")).body["data"]
    assert row["id"] == "rfd_9a31"


async def test_s60_what_is_not_eligible_and_who_may_not_choose_is_refused(service: RefundService) -> None:
    post = service.served.post
    await service.ask(p.capture(), p.stand("restricted"))
    refused = await post(PATH, p.BUYER, {"destination": "bonus"})
    assert (refused.status, refused.body["code"]) == (422, "bonus_not_eligible")
    assert (await post(PATH, p.BUYER, {"destination": "original"})).status == 200
    assert (await post(PATH, p.BUYER, {"destination": "mars"})).status == 422
    assert (await post(PATH, p.SELLER, {"destination": "original"})).status == 403
    assert (await post(PATH, p.STRANGER, {"destination": "original"})).status == 404
