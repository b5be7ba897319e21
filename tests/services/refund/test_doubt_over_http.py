"""The route by which two persons of support say whether what was given up in doubt was paid (T31a, ADR 55)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from refund.policies import notify
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import RefundService, serving_refunds
from tests.support.servers.sandbox import Answered

Migrated = Callable[[str], Awaitable[str]]
RFD = "/v1/refunds/rfd_9a31"
NOT_PAID: dict[str, Any] = {"found": "not_paid", **p.WHY}
PAID: dict[str, Any] = {"found": "paid", "reference": "psp-4711", "paid_at": "2026-03-02T10:00:00Z", **p.WHY}


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    """One refund was given up in doubt, and another one is to be paid."""
    async with serving_refunds(await migrated("refund")) as service:
        await service.ask(p.capture(), p.request(), p.request("rfd_9a32", parts={"b": 1000}), p.doubt())
        assert (await by_two(service, f"{RFD}/abandonment", p.WHY)).status == 200
        await service.project()
        yield service


async def by_two(service: RefundService, path: str, body: dict[str, Any]) -> Answered:
    """One of support proposes it, and another one agrees."""
    proposed = await service.served.post(path, p.SUPPORT, body, key=f"{path}/propose")
    assert proposed.status == 202
    (made,) = proposed.body["proposals"]
    seen = proposed.headers["ETag"]
    return await service.served.post(path, p.OTHER_SUPPORT, {"agree": made["id"]}, key=f"{path}/agree", seen=seen)


async def ids(service: RefundService, **query: str) -> list[str]:
    listed = await service.served.get("/v1/refunds", p.SUPPORT, **query)
    return [row["id"] for row in listed.body["data"]]


async def test_t31a_support_lists_what_is_in_doubt_until_it_is_known(service: RefundService) -> None:
    assert await ids(service, in_doubt="true") == ["rfd_9a31"]
    assert await ids(service, in_doubt="false") == ["rfd_9a32"]
    now = "2026-03-02T10:00:00Z"
    assert await ids(service, in_doubt="true", as_of=now) == ["rfd_9a31"]
    assert await ids(service, in_doubt="false", as_of=now) == ["rfd_9a32"]
    (row,) = (await service.served.get("/v1/refunds", p.BUYER, in_doubt="true")).body["data"]
    shown = (await service.served.get(RFD, p.BUYER)).body
    assert row["in_doubt"] == shown["in_doubt"] == {"amount": "25.00", "currency": "USD"}
    offered = (await service.served.get(RFD, p.SUPPORT)).body["available_actions"]
    assert [(action["rel"], action["href"]) for action in offered] == [("end-doubt", f"{RFD}/doubt")]


@pytest.mark.parametrize(
    ("body", "state", "kind"), [(NOT_PAID, "abandoned", "refund_doubt_ended"), (PAID, "issued", "refund_issued")]
)
async def test_t31a_two_persons_of_support_end_a_doubt_and_the_buyer_is_told(
    service: RefundService, body: dict[str, Any], state: str, kind: str
) -> None:
    agreed = await by_two(service, f"{RFD}/doubt", body)
    assert (agreed.status, agreed.body["state"], agreed.body["in_doubt"]) == (200, state, None)
    await service.project()
    assert await ids(service, in_doubt="true") == []
    (row,) = (await service.served.get("/v1/refunds", p.BUYER, state=state)).body["data"]
    assert {name: agreed.body[name] for name in row} == row
    told = [each["kind"] for each in await service.served.told("payment-o1", 20, notify)]
    assert told[-2:] == ["refund_in_doubt", kind]
