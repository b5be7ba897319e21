"""Clawbacks: what is to be collected, and what the platform has lost (K19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from starlette.responses import Response

from dispute.domain.disputes.asked_back.clawbacks import ClawbackState
from dispute.read_models import clawbacks, disputes, order_status
from dispute.views.clawbacks import ClawbackRow, clawback_row
from shared.http.caller import QueryContext, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.parties import barred_from
from shared.subscriptions.freshness import wait_for_position
from shared.views import Page

router = Router("clawbacks")


@router.get("/v1/clawbacks", summary="List what is asked back", response_model=Page[ClawbackRow])
async def list_clawbacks(
    viewer: Annotated[QueryContext, query("support", "ops", "case_team")],
    state: ClawbackState | None = None,
    order_id: str | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: with `state=requested` what waits for the facts `clawback_settled` or `clawback_failed` of its
    order, once it is `collectable`, and with `state=failed` what somebody of support looks into (K19).
    """
    for read_model in (disputes.NAME, order_status.NAME):
        await wait_for_position(viewer.state.pool, read_model, at_least_position)
    listing = Listing("clawbacks", (state, order_id))
    before = listing.read(cursor, datetime, str)
    wanted = clawbacks.ClawbackFilter(state, order_id, before, *barred_from(viewer.actor))
    rows = await clawbacks.page(viewer.state.pool, wanted, limit + 1)
    return query_response(listing.page(rows, limit, clawback_row, _place))


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["asked_at"].isoformat(), row["clawback_id"]
