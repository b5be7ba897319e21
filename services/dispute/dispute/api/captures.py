"""Routes of what is taken of an order's payments after it was paid."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.domain.orders.captures import RecordOrderCapture
from dispute.domain.orders.state import Order
from dispute.views.orders.payments import CaptureView, capture_view
from shared.http.caller import CommandContext, command
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response
from shared.http.routing import Router

router = Router("captures")


class CaptureBody(CommandBody, of=RecordOrderCapture):
    """How much was taken of which payment, and for which pieces; the id of an order's only one may be left out."""

    model_config = example(
        capture_id="cap-7",
        payment_id="pay-1",
        amount={"amount": "20.00", "currency": "USD"},
        captured_at="2026-03-04T12:00:00Z",
        lines=[{"line_id": "1", "quantity": 1}],
    )


@router.post("/v1/orders/{order_id}/captures", summary="Tell a capture", status_code=201, response_model=CaptureView)
async def record_capture(
    order_id: str, body: CaptureBody, caller: Annotated[CommandContext, command("service")]
) -> Response:
    """More was taken of what was authorised, for a parcel say: at most `cap` of the refusal, and once a capture_id. So
    much more of its lines may be refunded, released and disputed (G9).
    """
    asked = caller.command(RecordOrderCapture, body, order_id=order_id, ahead=caller.state.facts_ahead)
    outcome = await caller.handle(asked)
    order: Order = outcome.states[0]
    return command_response(outcome, capture_view(order.taken.by_id[asked.capture_id]), 201)
