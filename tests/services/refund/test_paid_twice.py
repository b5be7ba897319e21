"""Refunds that went twice, by hand and by the provider: support finds them, for people to get the money back (T31a)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.services.refund.test_doubt_over_http import RFD, by_two, ids
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import RefundService, serving_refunds

Migrated = Callable[[str], Awaitable[str]]
BY_HAND = {**p.WHY, "bank_reference": "bank-4711", "paid_at": "2026-03-02T10:00:00Z"}


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    """Two persons paid one refund by hand, and another one is to be paid."""
    async with serving_refunds(await migrated("refund")) as service:
        await service.ask(p.capture(), p.request(), p.request("rfd_9a32", parts={"b": 1000}), p.doubt())
        assert (await by_two(service, f"{RFD}/manual-payment", BY_HAND)).status == 200
        await service.project()
        yield service


async def test_t31a_support_finds_what_the_provider_paid_beside_what_people_had_paid(service: RefundService) -> None:
    assert await ids(service, paid_twice="true") == []
    await service.ask(p.issue())
    assert await ids(service, paid_twice="true") == ["rfd_9a31"]
    assert await ids(service, paid_twice="false") == ["rfd_9a32"]
    before = "2026-03-02T08:00:00Z"
    assert await ids(service, paid_twice="true", as_of=before) == []


async def test_t31a_what_was_paid_twice_support_alone_sees(service: RefundService) -> None:
    for reader in (p.BUYER, p.SELLER):
        asked = await service.served.get("/v1/refunds", reader, paid_twice="true")
        assert (asked.status, asked.body["code"]) == (403, "forbidden")
