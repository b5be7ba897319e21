"""Which refunds a list shows: where they went, when they were issued, and which of them no bank has credited (S62)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from refund.read_models import refunds
from shared.events.base import Actor
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import RefundService, serving_refunds

Migrated = Callable[[str], Awaitable[str]]
ISSUED_AT = p.MONDAY + timedelta(hours=1)
OVER = "2026-03-24T00:00:00Z"
"""The end of the 15th business day after that Monday."""


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    """One refund that is credited, one that nobody vouches for, one that is not paid."""
    async with serving_refunds(await migrated("refund")) as service:
        two, three = p.request("rfd_9a32", parts={"a": 1000}), p.request("rfd_9a33", parts={"b": 1000})
        paid = p.issue(at=p.MONDAY), p.issue("rfd_9a32", at=ISSUED_AT)
        await service.ask(p.capture(), p.request(parts={"a": 1000}), two, three, *paid, p.settle())
        yield service


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3]),
        ({"overdue": "true"}, []),
        ({"overdue": "false"}, [1, 2, 3]),
        ({"overdue": "true", "as_of": "2026-03-23T23:59:59Z"}, []),
        ({"overdue": "true", "as_of": OVER}, [2]),
        ({"overdue": "false", "as_of": OVER}, [1, 3]),
        ({"destination": "original"}, [1, 2, 3]),
        ({"destination": "bonus"}, []),
        ({"destination": "original", "as_of": OVER}, [1, 2, 3]),
        ({"source": "agreement"}, [1, 2, 3]),
        ({"source": "goodwill"}, []),
        ({"issued_after": "2026-03-02T10:00:00Z"}, [2]),
        ({"issued_before": "2026-03-02T11:00:00Z"}, [1]),
        ({"issued_after": "2026-03-02T09:59:59Z", "issued_before": "2026-03-02T11:00:01Z"}, [1, 2]),
    ],
)
async def test_s62_s64_the_list_shows_the_refunds_that_are_asked_for(
    service: RefundService, wanted: dict[str, str], found: list[int]
) -> None:
    for actor in (p.BUYER, p.SUPPORT):
        assert await seen(service, actor, wanted) == [f"rfd_9a3{n}" for n in found]


@pytest.mark.parametrize(
    ("now", "overdue"), [(p.WINDOW_END - timedelta(microseconds=1), []), (p.WINDOW_END, ["rfd_9a32"])]
)
async def test_s62_a_refund_is_overdue_from_the_end_of_its_window_on(
    service: RefundService, now: datetime, overdue: list[str]
) -> None:
    pool = service.served.pool
    for wanted, found in ((True, overdue), (False, {"rfd_9a31", "rfd_9a32", "rfd_9a33"} - {*overdue})):
        rows = await refunds.page(pool, refunds.RefundFilter(overdue=wanted, now=now), 10)
        assert {row["refund_id"] for row in rows} == {*found}


@pytest.mark.parametrize("wanted", [{"overdue": "perhaps"}, {"destination": "mars"}, {"issued_after": "yesterday"}])
async def test_a_filter_that_says_nothing_is_refused(service: RefundService, wanted: dict[str, str]) -> None:
    assert (await service.served.get("/v1/refunds", p.BUYER, **wanted)).status == 422


async def seen(service: RefundService, actor: Actor, wanted: dict[str, str]) -> list[str]:
    listed = await service.served.get("/v1/refunds", actor, **wanted)
    return sorted(row["id"] for row in listed.body["data"])
