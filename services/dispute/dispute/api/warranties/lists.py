"""List of warranty claims: a party's own, or everybody's for those who oversee (T41)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from starlette.responses import Response

from dispute.domain.warranties.state import ClaimState
from dispute.read_models import warranties
from dispute.views.warranties import ListedClaim, listed_claim
from shared.http.caller import QueryContext, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.parties import Side, barred_from, own_sides
from shared.subscriptions.freshness import wait_for_position
from shared.views import Page

router = Router("warranties")


@router.get("/v1/warranties", summary="List warranty claims", response_model=Page[ListedClaim])
async def list_warranties(
    viewer: Annotated[QueryContext, query()],
    order_id: str | None = None,
    state: ClaimState | None = None,
    overdue: bool | None = None,
    role: Side | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: a party's own, with `role` on that side alone, or all for those who oversee. What is `overdue`
    waits for its assessment and has had an alarm (D14).
    """
    pool = viewer.state.pool
    await wait_for_position(pool, warranties.NAME, at_least_position)
    listing = Listing("warranties", (order_id, state, overdue, role))
    before = listing.read(cursor, datetime, str)
    whose = (*own_sides(viewer.actor, role), before, *barred_from(viewer.actor))
    rows = await warranties.page(pool, warranties.ClaimFilter(order_id, state, overdue, *whose), limit + 1)
    return query_response(listing.page(rows, limit, listed_claim, _place))


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["opened_at"].isoformat(), row["warranty_id"]
