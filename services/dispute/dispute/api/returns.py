"""Routes of returns without a dispute: whether an order grants one; what is granted the return service carries out."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.api.bodies.returns import ReturnBody
from dispute.domain.decider import decider
from dispute.domain.entitlements.granting import GrantReturn
from dispute.domain.orders.state import Order
from dispute.views.orders.returns import GrantedReturn, granted_return
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, command
from shared.http.responses import command_response
from shared.http.routing import Router
from shared.rejections import NotFound

router = Router("orders")


@router.post("/v1/orders/{order_id}/returns", summary="Grant a return", status_code=201, response_model=GrantedReturn)
async def grant_return(
    order_id: str, body: ReturnBody, caller: Annotated[CommandContext, command("buyer", key_required=True)]
) -> Response:
    """By the very rights that `eligibility` shows, or their refusal (S67, S94). The return service asks here for
    whoever asks it for a return; the money of the pieces waits until the goods have come.
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
