"""Routes of entitlements: what an order gives its buyer a right to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.entitlements.entitlement import Question
from dispute.domain.orders.pieces import NamedPieces, named_pieces
from dispute.domain.orders.state import Order
from dispute.views.eligibility import Eligibility, eligibility
from shared.events.base import Actor
from shared.events.dispute import Reason
from shared.events.moments import Moment
from shared.eventstore.folding import folded, until
from shared.faults import fault
from shared.http.caller import QueryContext, query
from shared.http.problems import Refusal
from shared.http.responses import query_response
from shared.http.routing import Router

router = Router("orders")

LineIds = Annotated[list[str] | None, Query(max_length=100)]


@router.get("/v1/orders/{order_id}/eligibility", summary="What an order entitles to", response_model=Eligibility)
async def show_eligibility(
    order_id: str,
    viewer: Annotated[QueryContext, query()],
    reason: Reason | None = None,
    line_id: LineIds = None,
    as_of: Moment | None = None,
) -> Response:
    """Every right side by side, granted or refused by its rules: the programme as a dispute would be judged, returns,
    cancellation, warranties, and the law of the buyer's country. Asked with a reason, the reason is judged too.
    """
    history = list(until((await viewer.state.store.load(f"order-{order_id}"))[0], as_of))
    order: Order = await folded(decider, "order", history)
    order.parties.guard(viewer.actor, "order")
    assert order.terms
    now = as_of or viewer.at
    question = Question(order, reason, now, viewer.state.programmes.places(order.terms.programme, now))
    named = _named(order, line_id, viewer.actor)
    return query_response(eligibility(question, len(history), named, viewer.actor, viewer.state.support), len(history))


def _named(order: Order, line_ids: Sequence[str] | None, actor: Actor) -> list[NamedPieces]:
    """All of the lines that are asked about; a seller sees no others than the own ones (S109)."""
    own = [name for name, line in order.lines.items() if _sees(order, line.seller_id, actor)]
    if not set(line_ids or ()).issubset(own):
        raise Refusal("validation_failed", errors=[fault(("query", "line_id"), "unknown_line", "no such line")])
    wanted = [name for name in own if line_ids is None or name in line_ids]
    return named_pieces(order, [(name, order.lines[name].quantity) for name in wanted])


def _sees(order: Order, seller_id: str, actor: Actor) -> bool:
    return order.parties.acting(actor) != {"seller"} or seller_id == actor.id
