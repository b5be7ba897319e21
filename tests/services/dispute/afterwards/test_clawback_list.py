"""List of what is asked back: what is to be collected, and what was lost (K19)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from dispute.read_models import clawbacks, disputes, order_status
from dispute.read_models.clawbacks import OF_DISPUTES, OF_GOODWILL, ClawbackFilter, Source
from dispute.views.clawbacks import clawback_row
from shared.events.envelope import Metadata, Recorded
from shared.eventstore.connections import open_pool
from tests.services.dispute.afterwards.test_collection import THEN, amended, back_of
from tests.services.dispute.test_goodwill_of_paid_money import asked, end
from tests.support.builders.afterwards import FAILED, SETTLED, end_clawback
from tests.support.builders.orders import BUYER, ORDER, SELLER, Histories, after

Migrated = Callable[[str], Awaitable[str]]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def listed(migrated: Migrated, happened: Histories, **wanted: Any) -> list[Mapping[str, Any]]:
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        metadata = Metadata(THEN, UUID(int=1), "", "", "", None, None, ORDER)
        for stream, events in happened.items():
            for version, event in enumerate(events, 1):
                recorded = Recorded(stream, version, version, event, metadata)
                await disputes.project(connection, recorded)
                await order_status.project(connection, recorded)
        return [dict(clawback_row(row)) for row in await clawbacks.page(pool, ClawbackFilter(**wanted), 25)]


async def test_k19_finance_finds_what_is_to_be_collected_and_of_whom(migrated: Migrated) -> None:
    (row,) = await listed(migrated, amended(), state="requested")
    assert (row["id"], row["from"], row["amount"].amount) == (back_of(amended()), "buyer", "20.00")
    assert (row["collectable"], row["ended_at"]) == (True, None)


@pytest.mark.parametrize("end", [SETTLED, FAILED])
async def test_k19_what_has_ended_is_listed_by_how_it_has(migrated: Migrated, end: Any) -> None:
    happened = after(amended(), end_clawback(back_of(amended()), THEN, end, reason_code="account_closed"))
    (row,) = await listed(migrated, happened, state=str(end))
    assert (row["state"], row["collectable"], row["ended_at"], row["reason_code"]) == (
        end,
        False,
        THEN,
        "account_closed",
    )


async def test_g15_of_an_order_of_ones_own_nothing_is_listed(migrated: Migrated) -> None:
    assert await listed(migrated, amended(), not_buyer_id=BUYER.id) == []


async def test_k19_s20_what_a_seller_gives_of_what_it_was_paid_is_listed_without_a_dispute(migrated: Migrated) -> None:
    (waiting,) = await listed(migrated, asked(), state="requested")
    assert (waiting["from"], waiting["amount"].amount, waiting["collectable"]) == ("seller", "20.00", True)
    assert (waiting["dispute_id"], waiting["dispute_href"]) == (None, None)
    (came,) = await listed(migrated, after(asked(), end(asked())))
    assert (came["id"], came["state"], came["collectable"]) == (waiting["id"], "settled", False)


@pytest.mark.parametrize("whose", [{"not_buyer_id": BUYER.id}, {"not_seller_id": SELLER.id}])
async def test_g15_what_is_given_of_an_order_of_ones_own_is_not_listed(
    migrated: Migrated, whose: dict[str, str]
) -> None:
    assert await listed(migrated, asked(), **whose) == []
    assert len(await listed(migrated, asked(), not_buyer_id=SELLER.id, not_seller_id=BUYER.id)) == 1


@pytest.mark.parametrize("of", [OF_DISPUTES, OF_GOODWILL])
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ClawbackFilter(order_id="o1"), "clawbacks_order"),
        (ClawbackFilter(state="failed"), "clawbacks_state"),
        (ClawbackFilter(before=(NOON, "clw_1")), "clawbacks_newest"),
    ],
)
async def test_each_list_is_read_by_an_index(
    migrated: Migrated, wanted: ClawbackFilter, index: str, of: Source
) -> None:
    query, values = clawbacks.query(wanted, 26, of)
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + query.text, *query.arguments(values))
    assert index in str(plan)
