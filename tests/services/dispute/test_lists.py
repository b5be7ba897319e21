"""The dispute service's lists, on real PostgreSQL: each is read by an index, whatever it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.disputes.visibility import actions_told, looks_as
from dispute.read_models import dispute_history, disputes, queue
from dispute.views.mediation.queue import queue_row
from shared.events.base import Actor
from shared.eventstore.connections import open_pool
from shared.rejections import snake_case
from tests.support.builders import mediation as m
from tests.support.builders.disputes import dispute_of, history_of
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, after, on

Migrated = Callable[[str], Awaitable[str]]
INSIDE = {"case_claimed", "case_released", "support_override_proposed"}
"""What no party learns of."""
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


async def test_g8_a_page_of_a_history_is_full_of_what_its_viewer_learns(migrated: Migrated) -> None:
    held = after(m.escalated(), m.claim(on("Mar 15")), m.release(on("Mar 15", "13:00")))
    happened = m.forced(held, on("Mar 16"), "30.00")
    dispute, history = dispute_of(happened), history_of(happened)
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for recorded in history:
            await dispute_history.project(connection, recorded)
        for viewer, left_out in ((BUYER, INSIDE), (SELLER, INSIDE), (CASE_TEAM, set()), (m.SUPPORT, set())):
            actions, last = actions_told(looks_as(dispute, viewer)), 0
            found: list[Mapping[str, Any]] = []
            while rows := await dispute_history.page(pool, dispute.opened.dispute_id, actions, last, 2):
                found, last = [*found, *rows], rows[-1]["version"]
                assert len(rows) == 2 or last == len(history)
            told = [snake_case(type(each.event).__name__) for each in history]
            assert [row["action"] for row in found] == [action for action in told if action not in left_out]


async def test_g15_of_a_case_of_the_viewers_own_the_queue_tells_the_conflict_and_not_who_has_it(
    migrated: Migrated,
) -> None:
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for recorded in history_of(after(m.under_review(), m.claim(on("Mar 19")))):
            await disputes.project(connection, recorded)
        (row,) = await queue.page(pool, queue.QueueFilter(), 25)
        for reviewer in (CASE_TEAM.id, queue.NOBODY):
            for viewer, found in ((m.REVIEWER_2.id, reviewer == CASE_TEAM.id), (BUYER.id, False), (SELLER.id, False)):
                wanted = queue.QueueFilter(assigned_to=reviewer, reader=viewer)
                assert bool(await queue.page(pool, wanted, 25)) == found
    assert row["reviewer"] == CASE_TEAM.id
    for viewer, conflict in ((m.REVIEWER_2.id, False), (BUYER.id, True), (SELLER.id, True)):
        told = queue_row(row, Actor(id=viewer, roles=frozenset({"case_team"})), on("Mar 20"))
        assert (told["conflict"], told["assignment"] is None) == (conflict, conflict)
