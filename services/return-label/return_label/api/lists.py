"""List of returns: a party's own, or for the platform's people and carriers everybody's; a scan finds its return."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from starlette.responses import Response

from return_label.domain.returns.state import ReturnState
from return_label.read_models import returns
from return_label.views.rows import ReturnRow, return_row
from shared.events.base import Actor
from shared.events.dispute import ReturnKind
from shared.http.caller import QueryContext, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.parties import SEES, Side, own_sides
from shared.subscriptions.freshness import wait_for_position
from shared.tracking.numbers import compact
from shared.views import Page

router = Router("returns")


@router.get("/v1/returns", summary="List returns", response_model=Page[ReturnRow])
async def list_returns(
    viewer: Annotated[QueryContext, query()],
    order_id: str | None = None,
    dispute_id: str | None = None,
    tracking_number: str | None = None,
    state: ReturnState | None = None,
    kind: ReturnKind | None = None,
    not_cancelled: bool | None = None,
    role: Side | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: a party's own, with `role` on that side alone, or all for the warehouse, carriers and those who
    oversee. `tracking_number` is that of a label or a parcel, as it is typed or scanned (S81); `not_cancelled` asks for
    those with a label that its carrier has not taken back.
    """
    await wait_for_position(viewer.state.pool, returns.NAME, at_least_position)
    number = compact(tracking_number) if tracking_number is not None else None
    asked = (order_id, dispute_id, number, state, kind)
    listing = Listing("returns", (*asked, not_cancelled, role))
    before = listing.read(cursor, datetime, str)
    wanted = returns.ReturnFilter(
        *asked, *_whose(viewer.actor, role), before, *_barred(viewer.actor), not_cancelled or None
    )
    rows = await returns.page(viewer.state.pool, wanted, limit + 1)
    return query_response(listing.page(rows, limit, return_row, _cursor))


def _sees_all(actor: Actor) -> bool:
    return any("return" in SEES.get(role, ()) for role in actor.roles)


def _whose(actor: Actor, role: Side | None) -> tuple[str | None, str | None]:
    return (None, None) if _sees_all(actor) and not role else own_sides(actor, role)


def _barred(actor: Actor) -> tuple[str | None, str | None]:
    """One's own, on a side that the token does not name, one does not look through (G15)."""
    barred = _sees_all(actor)
    buyer, seller = (actor.id if barred and side not in actor.roles else None for side in ("buyer", "seller"))
    return buyer, seller


def _cursor(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["requested_at"].isoformat(), row["return_id"]
