"""Route of the case team's queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import Response

from dispute.read_models import disputes, queue
from dispute.views.mediation.queue import QueueRow, queue_row
from shared.events.moments import Moment
from shared.http.caller import QueryContext, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.subscriptions.freshness import wait_for_position
from shared.views import Page

router = Router("queue")

ME = "me"
Waiting = Literal["escalated", "under_review", "appeal_review"]


@router.get("/v1/queue", summary="List what waits for the case team", response_model=Page[QueueRow])
async def list_queue(
    viewer: Annotated[QueryContext, query("case_team", "support", "ops")],
    state: Waiting | None = None,
    assigned_to: Annotated[str | None, Query(max_length=255, description="`me`, `nobody`, or a reviewer")] = None,
    order_id: str | None = None,
    due_before: Moment | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """What is due first comes first. By who has it no case is found of whose order the reader is a party (G15)."""
    pool = viewer.state.pool
    await wait_for_position(pool, disputes.NAME, at_least_position)
    reviewer = viewer.actor.id if assigned_to == ME else assigned_to
    listing = Listing("queue", (state, reviewer, order_id, due_before))
    after = listing.read(cursor, datetime, str)
    wanted = queue.QueueFilter(state, order_id, due_before, reviewer, viewer.actor.id, after)
    rows = await queue.page(pool, wanted, limit + 1)
    shown = partial(queue_row, actor=viewer.actor, now=viewer.at)
    return query_response(listing.page(rows, limit, shown, _place))


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["next_due_at"].isoformat(), row["dispute_id"]
