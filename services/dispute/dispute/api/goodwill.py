"""Routes of what a seller gives of its own accord."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.orders.state import Order
from dispute.views.orders.goodwill import GoodwillView, goodwill_view, goodwill_views
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.views import Page

router = Router("goodwill")


class GoodwillBody(CommandBody, of=GrantGoodwill):
    """How much the seller gives back for which pieces, and what it wants to say (S20)."""

    model_config = example(
        type="refund_only",
        lines=[{"line_id": "1", "quantity": 1}],
        amount={"amount": "10.00", "currency": "USD"},
        text="Sorry for the scratch on the box.",
    )


@router.post("/v1/orders/{order_id}/goodwill", summary="Give money back", status_code=201, response_model=GoodwillView)
async def grant_goodwill(
    order_id: str, body: GoodwillBody, caller: Annotated[CommandContext, command("seller", key_required=True)]
) -> Response:
    """Of what waits for the seller, at most `cap` of the refusal: the buyer is told, and it is paid at once. Of what an
    open dispute is about, and of what the seller was paid, nothing is given here (S20, K19).
    """
    outcome = await caller.handle(caller.command(GrantGoodwill, body, order_id=order_id))
    order: Order = outcome.states[0]
    return command_response(outcome, goodwill_view(order, order.goodwill[-1]), 201)


@router.get("/v1/orders/{order_id}/goodwill", summary="What sellers gave back", response_model=Page[GoodwillView])
async def list_goodwill(order_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """Everything that the viewer may see, in the order in which it was given."""
    (history,) = await viewer.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    order.parties.guard(viewer.actor, "order")
    return query_response({"data": goodwill_views(order, viewer.actor), "next_cursor": None})
