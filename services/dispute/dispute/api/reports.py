"""Routes of a buyer's reports of a seller."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.orders.state import Order
from dispute.domain.reports import ReportSeller
from dispute.views.orders.goodwill import goodwill_views
from dispute.views.orders.reports import ReportView, report_view, sees_reports
from dispute.views.orders.returns import own_returns
from shared.eventstore.folding import folded
from shared.eventstore.personal import find_text, standing_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.rejections import Erased, NotFound
from shared.views import TextView

router = Router("reports")

SHIP_TO = "ship_to"
LABELS = "labels"
"""The role of the return-label service, which prints where an order went and sees nothing else of it."""
"""The name of the buyer's address among the texts of an order."""


class SellerReportBody(CommandBody, of=ReportSeller):
    """What the seller did, in the buyer's words (S8)."""

    model_config = example(kind="direct_payment", text="The seller wanted the money by bank transfer, for less.")


@router.post(
    "/v1/orders/{order_id}/seller-reports", summary="Report a seller", status_code=201, response_model=ReportView
)
async def report_seller(
    order_id: str, body: SellerReportBody, caller: Annotated[CommandContext, command("buyer")]
) -> Response:
    """Of one's own order, whoever it was paid to: people look at it, and the seller is not told."""
    outcome = await caller.handle(caller.command(ReportSeller, body, order_id=order_id))
    return command_response(outcome, report_view(outcome.states[0].reports[-1]), 201)


@router.get("/v1/orders/{order_id}/texts/{ref}", summary="Read a text of an order", response_model=TextView)
async def show_report_text(order_id: str, ref: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """A report for who wrote it and for the platform's people who judge, what a seller says with its goodwill, and
    where a return goes, for the buyer too; gone once it is erased. `ship_to` is the address that the order went to, for
    its buyer, those people and who prints labels: 410 once it is erased.
    """
    (history,) = await viewer.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    if ref == SHIP_TO:
        return query_response(await _destination(viewer, order))
    order.parties.guard(viewer.actor, "order")
    refs = {report.text_ref for report in order.reports} if sees_reports(order, viewer.actor) else set[str]()
    refs |= {one["text"]["ref"] for one in goodwill_views(order, viewer.actor) if one["text"]}
    refs |= {one.due.address_ref for one in own_returns(order, viewer.actor) if one.due.address_ref}
    return query_response(await find_text(viewer.state.pool, ref, refs))


async def _destination(viewer: QueryContext, order: Order) -> TextView:
    if LABELS not in viewer.actor.roles:
        order.parties.guard(viewer.actor, "order", "buyer", "case_team", "support", "ops")
    ref = order.ship_to.address_ref if order.ship_to else None
    if not ref:
        raise NotFound("The shop has told no address.")
    body = await standing_text(viewer.state.pool, ref)
    if body is None:
        raise Erased("The address has been erased.")
    return {"ref": ref, "text": body}
