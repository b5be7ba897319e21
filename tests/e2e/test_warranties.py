"""Warranty claims end to end: one that nobody assesses in time is found by whoever looks after it (D14)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Answer, Services, eventually
from tests.e2e.deals import ordered

pytestmark = pytest.mark.e2e


async def test_d14_a_claim_that_nobody_assesses_in_time_is_listed_as_overdue_until_somebody_does(
    services: Services,
) -> None:
    deal = await ordered(services, facts={"shipped": -9, "delivered": -3}, promised=None)
    said = {"order_id": deal.order_id, "line_id": "1", "fault": "The screen stays black."}
    claim = (await deal.buyer.post("/v1/warranties", said)).ok(201)
    support, team = services.party("support-1", "support"), services.party("reviewer-1", "case_team")

    async def late() -> Answer:
        return (await support.read(f"/v1/warranties?order_id={deal.order_id}&overdue=true")).ok()

    assert (await late())["data"] == []
    await services.move_clock(advance="8d")
    (row,) = (await eventually(late, lambda found: bool(found["data"])))["data"]
    assert (row["id"], row["state"], row["overdue"]) == (claim["id"], "opened", 1)
    own = (await deal.seller.read("/v1/warranties?role=seller")).ok()["data"]
    assert [one["id"] for one in own] == [claim["id"]]
    seen = (await team.get(claim["href"])).ok().etag
    found = {"result": "repair", "rules": ["S94"], "text": "The fault is the maker's."}
    assessed = (await team.post(f"{claim['href']}/assessment", found, seen=seen)).ok()
    there = await support.read(f"/v1/warranties?order_id={deal.order_id}&at_least_position={assessed.position}")
    assert [(one["state"], one["due_at"]) for one in there.ok()["data"]] == [("assessed", None)]
    assert (await late())["data"] == []
