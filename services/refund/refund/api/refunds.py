"""Refunds: where the money is, in lists and one by one, and another try for one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from starlette.responses import Response

from refund.api.as_of import page_as_of
from refund.domain.decider import decider
from refund.domain.payments.retries import RETRIERS, AgreeToRetry, RetryRefund, proposal_id
from refund.domain.payments.state import Payment
from refund.read_models import refunds
from refund.views.refunds import RefundRow, RefundView, refund_row, refund_view
from shared.events.moments import Moment
from shared.events.slot import PREFIXES, slot_of_id
from shared.eventstore.folding import folded, until
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.command_body import CommandBody
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.request.body import example
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.parties import own_sides
from shared.rejections import NotFound
from shared.subscriptions.freshness import wait_for_head, wait_for_position
from shared.views import Page

router = Router("refunds")


class AgreementBody(CommandBody, of=AgreeToRetry):
    """A second person's yes to what is proposed under this id."""

    model_config = example(agree="prp_0a1b2c3d4e5f60718293a4b5c6d7e8f9")


@router.get("/v1/refunds", summary="List refunds", response_model=Page[RefundRow])
async def list_refunds(
    viewer: Annotated[QueryContext, query()],
    order_id: str | None = None,
    dispute_id: str | None = None,
    as_of: Moment | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: a party's own, or all for those who oversee (S64). With `as_of` as they stood at that instant:
    a page may then be shorter than its limit, and the next one is there as long as `next_cursor` is.
    """
    pool = viewer.state.pool
    await wait_for_position(pool, refunds.NAME, at_least_position)
    listing = Listing("refunds", (order_id, dispute_id, as_of))
    shown = partial(refund_row, now=as_of or viewer.at)
    before = listing.read(cursor, datetime, str)
    wanted = refunds.RefundFilter(order_id, dispute_id, *own_sides(viewer.actor), before)
    if as_of:
        rows, then = await page_as_of(viewer, wanted, as_of, limit + 1)
        return query_response({**listing.page(rows, limit, shown, _cursor), "data": [*map(shown, then)]})
    return query_response(listing.page(await refunds.page(pool, wanted, limit + 1), limit, shown, _cursor))


@router.get("/v1/refunds/{refund_id}", summary="Show a refund", response_model=RefundView)
async def show_refund(
    refund_id: str, viewer: Annotated[QueryContext, query()], as_of: Moment | None = None
) -> Response:
    """Read from the stream: state, destination, when to expect the money, what to check (S58, S63); or as it stood
    at an instant.
    """
    stream = f"payment-{await _order_of(viewer, refund_id)}"
    history = until((await viewer.state.store.load(stream))[0], as_of)
    payment = await folded(decider, stream, history)
    view = refund_view(payment, refund_id, len(history), viewer.actor, as_of or viewer.at)
    return query_response(view, len(history))


@router.post(
    "/v1/refunds/{refund_id}/retry",
    summary="Try a failed refund again",
    response_model=RefundView,
    responses={202: {"model": RefundView, "description": "A second person has to agree"}},
)
async def retry_refund(
    refund_id: str,
    caller: Annotated[CommandContext, command(*RETRIERS, key_required=True)],
    body: AgreementBody | None = None,
) -> Response:
    """For support, or for the buyer who has put the account right (S63). Once people took over it takes two persons of
    support: the first one's request proposes it, and the second one agrees to that here (T31a).
    """
    ids: dict[str, Any] = {"refund_id": refund_id, "order_id": await _order_of(caller, refund_id)}
    asked = caller.command(AgreeToRetry, body, **ids) if body else caller.command(RetryRefund, **ids)
    outcome = await caller.handle(asked)
    payment: Payment = outcome.states[0]
    made = payment.refund(refund_id).proposal
    waits = made is not None and made.proposal_id == proposal_id(asked.order_id, caller.command_id)
    view = refund_view(payment, refund_id, outcome.versions[0], caller.actor, outcome.at)
    return command_response(outcome, view, 202 if waits else 200)


async def _order_of(viewer: QueryContext, refund_id: str) -> str:
    """The order that the refund belongs to, for a stream is found by its order alone; ProjectionBehind where the read
    model may only not know it yet.
    """
    pool = viewer.state.pool
    order_id = await refunds.order_of(pool, refund_id)
    if order_id is None:
        await wait_for_head(pool, refunds.NAME, slot_of_id(PREFIXES["refund"], refund_id))
        order_id = await refunds.order_of(pool, refund_id)
    if order_id is None:
        raise NotFound("There is no such refund.")
    return order_id


def _cursor(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["requested_at"].isoformat(), row["refund_id"]
