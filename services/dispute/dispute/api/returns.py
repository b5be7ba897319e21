"""Routes of returns: whether an order grants one without a dispute, which the return service carries out, and why goods
go back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from dispute.api.bodies.returns import ReturnBody
from dispute.domain.decider import decider
from dispute.domain.entitlements.granting import GrantReturn
from dispute.domain.orders.state import Order
from dispute.read_models import return_reasons
from dispute.read_models.return_reasons import ReasonFilter
from dispute.views.orders.return_reasons import ReasonCount, reason_count
from dispute.views.orders.returns import GrantedReturn, granted_return
from shared.events.dispute import Reason
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.rejections import NotFound
from shared.subscriptions.freshness import wait_for_position
from shared.views import Page

router = Router("orders")

Month = Annotated[str | None, Query(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="A calendar month: 2026-03")]


@router.post("/v1/orders/{order_id}/returns", summary="Grant a return", status_code=201, response_model=GrantedReturn)
async def grant_return(
    order_id: str, body: ReturnBody, caller: Annotated[CommandContext, command("buyer", key_required=True)]
) -> Response:
    """By the very rights that `eligibility` shows, or their refusal (S67, S84, S85, S94). The return service asks here
    for whoever asks it for a return; the money of the pieces waits until the goods have come.
    """
    (history,) = await caller.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    if not order.terms:
        raise NotFound("There is no such order.")
    places = caller.state.programmes.places(order.terms.programme, caller.at)
    granted = caller.command(GrantReturn, body, order_id=order_id, places=places)
    outcome = await caller.handle(granted)
    due = outcome.states[0].returns[granted.return_id].due
    return command_response(outcome, granted_return(due), 201)


@router.get("/v1/return-reasons", summary="Count the reasons of returns", response_model=Page[ReasonCount])
async def count_reasons(
    viewer: Annotated[QueryContext, query("seller", "support", "ops")],
    month: Month = None,
    sku: str | None = None,
    reason: Reason | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """Of disputes and without one, by month, the newest first, listing and reason: a seller's own, and everybody's for
    support and ops (S108).
    """
    pool = viewer.state.pool
    await wait_for_position(pool, return_reasons.NAME, at_least_position)
    seller_id = viewer.actor.id if viewer.actor.roles.isdisjoint(("support", "ops")) else None
    listing = Listing("return_reasons", (month, sku, reason))
    after = listing.read(cursor, str, str, str)
    rows = await return_reasons.page(pool, ReasonFilter(seller_id, month, sku, reason, after), limit + 1)
    return query_response(listing.page(rows, limit, reason_count, _place))


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["month"], row["sku"], row["reason"]
