"""Chargebacks: what a buyer's bank says of a payment, and which refunds it is to be told of (S103, ADR 48)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from starlette.responses import Response

from refund.api.bodies.chargebacks import ChargebackBody, RepresentmentBody, ResultBody
from refund.domain.decider import decider
from refund.domain.payments.chargeback import ChargebackState
from refund.domain.payments.chargebacks.facts import OpenChargeback, ResolveChargeback
from refund.domain.payments.chargebacks.representment import CloseRepresentment
from refund.domain.payments.state import Payment
from refund.read_models import chargebacks, refunds
from refund.views.chargebacks import ChargebackRow, ChargebackView, chargeback_row, chargeback_view
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.parties import barred_from, own_sides
from shared.rejections import NotFound
from shared.subscriptions.freshness import wait_for_position
from shared.views import Page

router = Router("chargebacks")

TELLERS = ("service", "support", "ops")
"""Who tells what a bank says: the shop's systems, the provider's, and people of the platform."""
Teller = Annotated[CommandContext, command(*TELLERS)]
READERS = ("seller", "support", "ops", "case_team")
Reader = Annotated[QueryContext, query(*READERS)]


@router.post("/v1/chargebacks", summary="Report a chargeback", status_code=201, response_model=ChargebackView)
async def report_chargeback(body: ChargebackBody, caller: Teller) -> Response:
    """A buyer's bank takes money back: from now on no refund of the order is sent. Reported again under the same id it
    changes nothing; refunds that went never refuse it (S103, T34).
    """
    asked = caller.command(OpenChargeback, body)
    return await _handled(caller, asked, asked.chargeback_id, 201)


@router.post("/v1/chargebacks/{chargeback_id}/result", summary="Report its result", response_model=ChargebackView)
async def report_result(chargeback_id: str, body: ResultBody, caller: Teller) -> Response:
    """The bank has decided. What the buyer got there lowers what can be refunded, and what waits goes on within that;
    what there is no room for is left to people (T35).
    """
    asked = caller.command(ResolveChargeback, body, chargeback_id=chargeback_id)
    return await _handled(caller, asked, chargeback_id, 200)


@router.post(
    "/v1/chargebacks/{chargeback_id}/representment", summary="Say that the bank was told", response_model=ChargebackView
)
async def close_representment(
    chargeback_id: str, body: RepresentmentBody, caller: Annotated[CommandContext, command("support")]
) -> Response:
    """The refund and the chargeback are about the same money, and the bank now knows the refund's reference (T34)."""
    order_id = await _order_of(caller, chargeback_id)
    asked = caller.command(CloseRepresentment, body, chargeback_id=chargeback_id, order_id=order_id)
    return await _handled(caller, asked, chargeback_id, 200)


@router.get("/v1/chargebacks", summary="List chargebacks", response_model=Page[ChargebackRow])
async def list_chargebacks(
    viewer: Reader,
    order_id: str | None = None,
    state: ChargebackState | None = None,
    representment: Literal["due", "closed"] | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: a seller's own, or all for those who oversee; for instance those whose bank is to be told of a
    refund, `representment=due` (S103).
    """
    await wait_for_position(viewer.state.pool, refunds.NAME, at_least_position)
    listing = Listing("chargebacks", (order_id, state, representment))
    before = listing.read(cursor, datetime, str)
    _, seller_id = own_sides(viewer.actor)
    wanted = chargebacks.ChargebackFilter(order_id, state, representment, seller_id, before, *barred_from(viewer.actor))
    rows = await chargebacks.page(viewer.state.pool, wanted, limit + 1)
    return query_response(listing.page(rows, limit, chargeback_row, _cursor))


@router.get("/v1/chargebacks/{chargeback_id}", summary="Show a chargeback", response_model=ChargebackView)
async def show_chargeback(chargeback_id: str, viewer: Reader, at_least_position: Position = None) -> Response:
    """Read from the stream: where it stands, which refunds wait for it, and of which the bank is to be told (S103)."""
    await wait_for_position(viewer.state.pool, refunds.NAME, at_least_position)
    stream = f"payment-{await _order_of(viewer, chargeback_id)}"
    (history,) = await viewer.state.store.load(stream)
    payment: Payment = await folded(decider, stream, history)
    payment.chargebacks[chargeback_id].parties.guard(viewer.actor, "chargeback", *READERS)
    return query_response(chargeback_view(payment, chargeback_id, len(history)), len(history))


async def _handled(caller: CommandContext, asked: Any, chargeback_id: str, status: int) -> Response:
    outcome = await caller.handle(asked)
    payment: Payment = outcome.states[0]
    return command_response(outcome, chargeback_view(payment, chargeback_id, outcome.versions[0]), status)


async def _order_of(viewer: QueryContext, chargeback_id: str) -> str:
    """The order that it is about: its id is the bank's, and says nothing of that."""
    if (order_id := await chargebacks.order_of(viewer.state.pool, chargeback_id)) is None:
        raise NotFound("There is no such chargeback, or it is not known yet.")
    return order_id


def _cursor(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["opened_at"].isoformat(), row["chargeback_id"]
