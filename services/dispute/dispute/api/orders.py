"""Routes of orders: the shop registers them and tells facts, the parties see how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path
from starlette.responses import Response

from dispute.api.as_of import rows_as_of
from dispute.api.bodies.facts import ClawbackFact, FactBody
from dispute.api.bodies.orders import OrderBody
from dispute.domain.decider import decider
from dispute.domain.disputes.afterwards.collection import EndClawback
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.orders.cancellation import disputes_of, open_disputes_of
from dispute.domain.orders.facts import FactType, RecordFact
from dispute.domain.orders.registration import RegisterOrder
from dispute.domain.orders.state import Order
from dispute.domain.rejections import DisputesChanged
from dispute.read_models import disputes, order_status
from dispute.views.as_of import line_rows_of, order_row_of
from dispute.views.orders import order as view
from dispute.views.orders.facts import FactView, clawback_fact_view, fact_view
from dispute.views.orders.order import OrderRegistrationView, OrderStatus
from shared.events.base import Actor, Event
from shared.events.envelope import Recorded
from shared.events.moments import Moment
from shared.events.outside.ids import Id, path_of
from shared.eventstore.command_handling import ATTEMPTS, Outcome
from shared.eventstore.errors import Busy
from shared.eventstore.folding import folded, until
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Position
from shared.http.problems import Refusal
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.rejections import ValidationFailed
from shared.subscriptions.freshness import ProjectionBehind, wait_for_position

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

router = Router("orders")

Telling = type[CancelOrder | RecordFact | EndClawback]
"""The commands that tell a fact."""

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`*`, or one ETag or several: 412 version_conflict where the order is there already, or at one of "
    "these versions.",
    "schema": {"type": "string", "examples": ["*"]},
}
OrderId = Annotated[Id, Path()]
"""Where an order may begin: an id that a dispute's form can name."""


@router.put(
    "/v1/orders/{order_id}",
    summary="Register an order",
    status_code=201,
    response_model=OrderRegistrationView,
    responses={200: {"model": OrderRegistrationView, "description": "Known already"}},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def register_order(
    order_id: OrderId, body: OrderBody, caller: Annotated[CommandContext, command("service")]
) -> Response:
    """201 for a new order, 200 for the same body again, 409 `order_differs` for another one; 412 for either with
    `If-None-Match: *`, and for a new one with `If-Match`.
    """
    if body.order_id not in (None, order_id):
        raise ValidationFailed.at("/order_id", "differs", "not the order of the path")
    terms = caller.state.programmes.resolve(body.programme, caller.at, body.ship_to.country, body.flags)
    order = caller.command(RegisterOrder, terms=terms, ahead=caller.state.facts_ahead, **body.fields(order_id))
    outcome = await caller.handle(order, partial(_guard_conditions, caller), unwanted=())
    registered: OrderRegistrationView = {"order_id": order_id, "version": outcome.versions[0]}
    return command_response(
        outcome,
        registered,
        201 if outcome.events and not outcome.replayed else 200,
        path_of("v1", "orders", order_id, "status"),
    )


def _guard_conditions(caller: CommandContext, order: Order, version: int) -> None:
    """412 where the caller said that the order is there and it is not, or that it is not there (RFC 9110, 13.1)."""
    if caller.seen is not None and not order.registered:
        raise Refusal("version_conflict", "No such order is registered yet, and If-Match says that one is.")
    if order.registered and version in caller.unwanted:
        raise Refusal("version_conflict", "The order is registered, and If-None-Match says that it must not be so.")


@router.post("/v1/orders/{order_id}/facts", summary="Tell a fact of an order", response_model=FactView)
async def record_fact(
    order_id: OrderId, body: FactBody, caller: Annotated[CommandContext, command("service")]
) -> Response:
    """Facts may come in any order, also before the order; the first instant of a type and a parcel stands. What was
    asked back ends once, when the dispute that asks for it is closed.
    """
    told = {"order_id": order_id, "ahead": caller.state.facts_ahead}
    if isinstance(body, ClawbackFact):
        end = {"clawback_id": body.clawback_id, "end": body.end, "ended_at": body.at, "reason_code": body.reason_code}
        outcome = await _told(caller, EndClawback, told | end)
        return command_response(outcome, clawback_fact_view(order_id, outcome.versions[0], bool(outcome.events)))
    fact = body.fact()
    outcome = await _told(caller, CancelOrder if fact.type == FactType.CANCELLED else RecordFact, told | {"fact": fact})
    is_news = bool(outcome.events)
    return command_response(outcome, fact_view(order_id, outcome.states[0], outcome.versions[0], fact, is_news))


@router.get("/v1/orders/{order_id}/status", summary="How an order stands", response_model=OrderStatus)
async def show_status(
    order_id: str,
    viewer: Annotated[QueryContext, query()],
    at_least_position: Position = None,
    as_of: Moment | None = None,
) -> Response:
    """Labels, windows, payout, disputes, refunds, returns, and what the viewer may do; or all of it as it stood at an
    instant.
    """
    pool = viewer.state.pool
    for read_model in (order_status.NAME, disputes.NAME):
        await wait_for_position(pool, read_model, at_least_position)
    history = until((await viewer.state.store.load(f"order-{order_id}"))[0], as_of)
    order = await _fold(history)
    order.parties.guard(viewer.actor, "order")
    of_order = await disputes.of_order(pool, order_id)
    if as_of:
        row, lines = order_row_of(order, history), line_rows_of(order)
        of_order = await rows_as_of(viewer, of_order, as_of)
    else:
        row, lines = await _known(pool, order_id)
    if _sees_own_lines_only(order, viewer.actor):
        lines = [line for line in lines if order.lines[line["line_id"]].seller_id == viewer.actor.id]
        of_order = [dispute for dispute in of_order if dispute["seller_id"] == viewer.actor.id]
    return query_response(view.order_status(row, lines, of_order, order, viewer.actor, as_of or viewer.at))


async def _known(pool: Pool, order_id: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """What the read model knows of the order."""
    found = await order_status.find(pool, order_id)
    if not found or not found[0]["buyer_id"]:
        raise ProjectionBehind("The order is registered, and its status not there yet.")
    return found


async def _told(caller: CommandContext, fact: Telling, told: Mapping[str, Any]) -> Outcome:
    """The disputes that a fact touches are streams of its command: they are looked up where it says so, again where one
    began meanwhile, and for a repeat, which is answered with all that was recorded then.
    """
    disputes: Sequence[str] = ()
    for _ in range(ATTEMPTS):
        try:
            outcome = await caller.handle(caller.command(fact, **told, disputes=disputes))
        except DisputesChanged:
            disputes = _touched(fact, await _fold((await caller.state.store.load(f"order-{told['order_id']}"))[0]))
        else:
            named = outcome.replayed and not disputes and _touched(fact, outcome.states[0])
            if not named:
                return outcome
            disputes = named
    raise Busy("its disputes changed again and again")


def _touched(fact: Telling, order: Order) -> Sequence[str]:
    """The disputes that the fact may concern: a scan those that are open, any other all that there were (T45, K19)."""
    return sorted(open_disputes_of(order) if fact is RecordFact else disputes_of(order))


def _sees_own_lines_only(order: Order, actor: Actor) -> bool:
    """A seller of any line is a party, and sees what is the seller's own."""
    roles = order.parties.acting(actor)
    return "seller" in roles and "buyer" not in roles


async def _fold(history: Sequence[Recorded[Event]]) -> Order:
    state: Order = await folded(decider, "order", history)
    return state
