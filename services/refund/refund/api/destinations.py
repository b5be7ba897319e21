"""Routes of where an order's refunds go (S60)."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from refund.domain.decider import decider
from refund.domain.payments.destination.choice import CHOOSER, ChooseDestination, guard_chooser
from refund.views.destinations import DestinationView, destination_view
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response, query_response
from shared.http.routing import Router

router = Router("refund destinations")
PATH = "/v1/refund-destinations/{order_id}"


class DestinationBody(CommandBody, of=ChooseDestination):
    """By the way that the order was paid, or to the bonus balance."""

    model_config = example(destination="bonus")


@router.get(PATH, summary="Where an order's refunds go", response_model=DestinationView)
async def show_destination(order_id: str, viewer: Annotated[QueryContext, query(CHOOSER)]) -> Response:
    """By the way that the order was paid, unless its buyer chose the bonus balance."""
    (history,) = await viewer.state.store.load(f"payment-{order_id}")
    payment = await folded(decider, f"payment-{order_id}", history)
    guard_chooser(payment, viewer.actor)
    return query_response(destination_view(payment, order_id), len(history))


@router.post(PATH, summary="Choose where an order's refunds go", response_model=DestinationView)
async def choose_destination(
    order_id: str, body: DestinationBody, caller: Annotated[CommandContext, command(CHOOSER)]
) -> Response:
    """For all refunds of the order, until the first one is approved. A bonus is there at once; it needs an account in
    good standing and a currency of bonus balances, also when the refund is approved: else that goes the way of the
    payment.
    """
    outcome = await caller.handle(caller.command(ChooseDestination, body, order_id=order_id))
    return command_response(outcome, destination_view(outcome.states[0], order_id))
