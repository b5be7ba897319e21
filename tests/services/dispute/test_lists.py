"""The dispute service's lists, on real PostgreSQL: each is read by an index, whatever it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from dispute.read_models import disputes
from shared.eventstore.connections import open_pool

Migrated = Callable[[str], Awaitable[str]]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (disputes.DisputeFilter(), "disputes_opened"),
        (disputes.DisputeFilter(before=(NOON, "dsp_1")), "disputes_opened"),
        (disputes.DisputeFilter(state="closed", before=(NOON, "dsp_1")), "disputes_opened"),
        (disputes.DisputeFilter(order_id="o1", state="closed"), "disputes_order"),
        (disputes.DisputeFilter(buyer_id="bea"), "disputes_buyer"),
        (disputes.DisputeFilter(buyer_id="bea", before=(NOON, "dsp_1")), "disputes_buyer"),
        (disputes.DisputeFilter(seller_id="sam", state="closed"), "disputes_seller"),
        (disputes.DisputeFilter(due_before=NOON), "disputes_due"),
    ],
)
async def test_each_list_is_read_by_an_index(migrated: Migrated, wanted: disputes.DisputeFilter, index: str) -> None:
    query, values = disputes.query(wanted, 26)
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + query.text, *query.arguments(values))
    assert index in str(plan)
