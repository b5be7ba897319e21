"""Routes of what a seller gives of its own accord."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.orders.goodwill.replacing import ReceiveGoodwill, ShipGoodwill
from dispute.domain.orders.state import Order
from dispute.views.orders.goodwill import GoodwillView, goodwill_view, goodwill_views, replacement_view
from shared.eventstore.command_handling import Outcome
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.views import Page

router = Router("goodwill")


class GoodwillBody(CommandBody, of=GrantGoodwill):
    """How much the seller gives back for which pieces, or which it sends anew, and what it wants to say (S20)."""

    model_config = example(
        type="refund_only",
        lines=[{"line_id": "1", "quantity": 1}],
        amount={"amount": "10.00", "currency": "USD"},
        text="Sorry for the scratch on the box.",
    )


class GoodwillShipmentBody(CommandBody, of=ShipGoodwill):
    """The parcel, as its carrier numbers it (S20)."""

    model_config = example(tracking_number="RR123456785ES", carrier="Correos")


class GoodwillReceiptBody(CommandBody, of=ReceiveGoodwill):
    """When it came; now where nothing is said (S20)."""

    model_config = example(received_at="2026-03-20T12:00:00Z")


@router.post(
    "/v1/orders/{order_id}/goodwill",
    summary="Give money back, or goods anew",
    status_code=201,
    response_model=GoodwillView,
)
async def grant_goodwill(
    order_id: str, body: GoodwillBody, caller: Annotated[CommandContext, command("seller", key_required=True)]
) -> Response:
    """Of what waits for the seller, at most `cap` of the refusal: the buyer is told, and it is paid at once; of what
    the seller was paid, once it has come of it. Of what an open dispute is about no money is given here (S20, K19). A
    `replacement` has no `amount`: no money moves, and nobody is owed it.
    """
    said = caller.command(GrantGoodwill, body, order_id=order_id)
    outcome = await caller.handle(said)
    order: Order = outcome.states[0]
    if said.type == "replacement":
        view = replacement_view([*order.gifts.replacements.values()][-1])
    else:
        view = goodwill_view(order, order.goodwill[-1])
    return command_response(outcome, view, 201)


@router.post(
    "/v1/orders/{order_id}/goodwill/{goodwill_id}/replacement-shipment",
    summary="Tell of a replacement that was given",
    response_model=GoodwillView,
)
async def ship_goodwill(
    order_id: str, goodwill_id: str, body: GoodwillShipmentBody, caller: Annotated[CommandContext, command("seller")]
) -> Response:
    """What the seller gave of its own accord is on its way (S20); a mistyped number is refused (S81)."""
    said = caller.command(ShipGoodwill, body, order_id=order_id, goodwill_id=goodwill_id)
    return _answer(await caller.handle(said), goodwill_id)


@router.post(
    "/v1/orders/{order_id}/goodwill/{goodwill_id}/replacement-receipt",
    summary="Confirm a replacement that was given",
    response_model=GoodwillView,
)
async def receive_goodwill(
    order_id: str,
    goodwill_id: str,
    caller: Annotated[CommandContext, command("buyer", "support")],
    body: GoodwillReceiptBody | None = None,
) -> Response:
    """It has come, by the buyer's or support's word, whether or not the seller told of a parcel (S20)."""
    told = body or GoodwillReceiptBody()
    said = caller.command(ReceiveGoodwill, told, order_id=order_id, goodwill_id=goodwill_id)
    return _answer(await caller.handle(said), goodwill_id)


@router.get("/v1/orders/{order_id}/goodwill", summary="What sellers gave", response_model=Page[GoodwillView])
async def list_goodwill(order_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """Everything that the viewer may see, in the order in which it was given."""
    (history,) = await viewer.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    order.parties.guard(viewer.actor, "order")
    return query_response({"data": goodwill_views(order, viewer.actor), "next_cursor": None})


def _answer(outcome: Outcome, goodwill_id: str) -> Response:
    order: Order = outcome.states[0]
    return command_response(outcome, replacement_view(order.gifts.replacements[goodwill_id]))
