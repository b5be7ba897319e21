"""Routes of deadlines: why one ends when it does, and what happens then."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.state import Order
from dispute.views.disputes.deadlines import Ledger, ledger
from shared.eventstore.folding import folded
from shared.http.caller import QueryContext, query
from shared.http.responses import query_response
from shared.http.routing import Router

router = Router("deadlines")


@router.get("/v1/disputes/{dispute_id}/deadlines", summary="Explain a dispute's deadlines", response_model=Ledger)
async def show_dispute_deadlines(dispute_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """Every deadline that ever ran in the dispute: from what it is counted, what moved it, what ended it, and what
    happens by itself where nobody acts in time.
    """
    (history,) = await viewer.state.store.load(f"dispute-{dispute_id}")
    dispute: Dispute = await folded(decider, "dispute", history)
    dispute.parties.guard(viewer.actor, "dispute")
    return query_response(ledger(history, dispute.terms), len(history))


@router.get("/v1/orders/{order_id}/deadlines", summary="Explain an order's deadlines", response_model=Ledger)
async def show_order_deadlines(order_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """The end of its protection and the release of its money, each from its start to its end."""
    (history,) = await viewer.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    order.parties.guard(viewer.actor, "order")
    return query_response(ledger(history, order.terms), len(history))
