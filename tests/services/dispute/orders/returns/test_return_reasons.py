"""Reasons of returns, counted by month, listing and reason, of disputes and without one (S108)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispute.read_models import order_status, return_reasons
from dispute.read_models.return_reasons import ReasonFilter
from dispute.views.orders.return_reasons import reason_count
from shared.events.base import SYSTEM
from shared.events.dispute import Reason, ReturnDue
from shared.events.envelope import Metadata, Recorded
from shared.eventstore.connections import open_pool
from tests.support.builders.entitlements import sold
from tests.support.builders.order_returns import asked, grant
from tests.support.builders.orders import ORDER, ORDER_STREAM, SELLER, after, on

Migrated = Callable[[str], Awaitable[str]]
Counted = list[tuple[str, str | None, str, int, int]]
SOLD = sold("free_return")
DUE = asked(after(SOLD, grant(on("Mar 6"))))
MARCH = on("Mar 6")


def due(n: int, reason: Reason = Reason.DAMAGED, quantity: int = 1, **more: Any) -> ReturnDue:
    """Another return of the order's first line."""
    lines = tuple(line.model_copy(update={"quantity": quantity}) for line in DUE.lines)
    return DUE.model_copy(update={"return_id": f"ret_{n}", "reason": reason, "lines": lines, **more})


def told(event: Any, stream: str, version: int, at: datetime) -> Recorded[Any]:
    metadata = Metadata(at, UUID(int=1), "", str(SYSTEM), "", None, None, ORDER)
    return Recorded(stream, version, version, event, metadata)


async def counted(migrated: Migrated, *returns: tuple[ReturnDue, datetime], **wanted: Any) -> Counted:
    """The counts after the order, and these returns of it, each told twice, as a topic may tell them."""
    log = [told(event, ORDER_STREAM, n, MARCH) for n, event in enumerate(SOLD[ORDER_STREAM], 1)]
    for n, (event, at) in enumerate(returns, 100):
        stream = f"dispute-{event.dispute_id}" if event.dispute_id else ORDER_STREAM
        log += 2 * [told(event, stream, n, at)]
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for model in (order_status, return_reasons):
            for recorded in log:
                await model.project(connection, recorded)
        rows = await return_reasons.page(pool, ReasonFilter(**wanted), 25)
        shown = [reason_count(row) for row in rows]
    return [(one["month"], one["sku"], str(one["reason"]), one["returns"], one["pieces"]) for one in shown]


async def test_s108_reasons_are_counted_by_month_listing_and_reason(migrated: Migrated) -> None:
    returns = [
        (due(1, quantity=2), MARCH),
        (due(2, dispute_id="dsp_1"), MARCH),
        (due(3, Reason.NOT_STATED), MARCH),
        (due(4), on("Apr 2")),
    ]
    assert await counted(migrated, *returns) == [
        ("2026-04", "sku-l1", "damaged", 1, 1),
        ("2026-03", "sku-l1", "damaged", 2, 3),
        ("2026-03", "sku-l1", "not_stated", 1, 1),
    ]


async def test_s108_a_month_is_the_one_of_the_orders_own_zone(migrated: Migrated) -> None:
    last = due(1, timezone="Asia/Shanghai")
    (row,) = await counted(migrated, (last, on("Mar 31", "16:00")))
    assert row[0] == "2026-04"
    (row,) = await counted(migrated, (last, on("Mar 31", "15:59")))
    assert row[0] == "2026-03"


async def test_s108_a_seller_counts_what_is_the_sellers_own(migrated: Migrated) -> None:
    returns = [(due(1), MARCH), (due(2, seller_id="seller-2"), MARCH)]
    (own,) = await counted(migrated, *returns, seller_id=SELLER.id)
    assert own[3:] == (1, 1)


async def test_s108_the_next_page_begins_behind_the_last_count(migrated: Migrated) -> None:
    returns = [(due(1), MARCH), (due(2, Reason.LATE), MARCH), (due(3), on("Feb 27")), (due(4), on("Apr 2"))]
    after_damaged = await counted(migrated, *returns, after=("2026-03", "sku-l1", "damaged"))
    assert [(row[0], row[2]) for row in after_damaged] == [("2026-03", "late"), ("2026-02", "damaged")]


async def test_s108_what_is_asked_for_is_counted_alone(migrated: Migrated) -> None:
    returns = [(due(1), MARCH), (due(2, Reason.LATE), MARCH), (due(3), on("Apr 2"))]
    wanted = {"month": "2026-03", "reason": "damaged", "sku": "sku-l1"}
    assert await counted(migrated, *returns, **wanted) == [("2026-03", "sku-l1", "damaged", 1, 1)]
    assert await counted(migrated, *returns, sku="another") == []
