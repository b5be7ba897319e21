"""Routes of warranty claims: opened by the buyer, assessed by the case team, fulfilled by the seller (T41)."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.api.warranties.bodies import AssessmentBody, FulfilmentBody, WarrantyClaimBody
from dispute.domain.decider import decider
from dispute.domain.orders.state import Order
from dispute.domain.warranties.assessment import AssessWarranty
from dispute.domain.warranties.claiming import OpenWarrantyClaim
from dispute.domain.warranties.fulfilment import FulfilWarranty
from dispute.domain.warranties.state import WarrantyClaim
from dispute.views.disputes.deadlines import Ledger, ledger
from dispute.views.warranties import WarrantyRow, WarrantyView, texts_of, warranty_rows, warranty_view
from shared.events.moments import Moment
from shared.eventstore.command_handling import Outcome
from shared.eventstore.folding import folded, until
from shared.eventstore.personal import find_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.views import Page, TextView

router = Router("warranties")

Viewer = Annotated[QueryContext, query()]
Team = Annotated[CommandContext, command("case_team", if_match="required")]


@router.post("/v1/warranties", summary="Claim a warranty", status_code=201, response_model=WarrantyView)
async def open_claim(body: WarrantyClaimBody, caller: Annotated[CommandContext, command("buyer")]) -> Response:
    """For goods that are faulty, by whichever right against faults runs now: Advanced protection's two years, a
    warranty bought with the device, the listing's own, or the law (K11). Where none does, `warranty_not_applicable`
    says of each why.
    """
    return _answer(caller, await caller.handle(caller.command(OpenWarrantyClaim, body)), 201)


@router.post("/v1/warranties/{warranty_id}/assessment", summary="Assess a claim", response_model=WarrantyView)
async def assess(warranty_id: str, body: AssessmentBody, caller: Team) -> Response:
    """Repair or replacement, by a right that ran when the claim was opened; or refused, by the rules that are named."""
    return _answer(caller, await caller.handle(caller.command(AssessWarranty, body, warranty_id=warranty_id)))


@router.post("/v1/warranties/{warranty_id}/fulfilment", summary="Fulfil a claim", response_model=WarrantyView)
async def fulfil(
    warranty_id: str, body: FulfilmentBody, caller: Annotated[CommandContext, command("seller", "support")]
) -> Response:
    """By a parcel, or as the note says."""
    return _answer(caller, await caller.handle(caller.command(FulfilWarranty, body, warranty_id=warranty_id)))


@router.get("/v1/warranties/{warranty_id}", summary="Look at a claim", response_model=WarrantyView)
async def show_claim(warranty_id: str, viewer: Viewer, as_of: Moment | None = None) -> Response:
    """For its buyer, the seller of its line and the platform's people; read from the stream: always up to date."""
    history = list(until((await viewer.state.store.load(_stream(warranty_id)))[0], as_of))
    claim: WarrantyClaim = await folded(decider, "warranty", history)
    claim.parties.guard(viewer.actor, "warranty claim")
    return query_response(warranty_view(claim, len(history), viewer.actor), len(history))


@router.get("/v1/warranties/{warranty_id}/deadlines", summary="Explain a claim's deadlines", response_model=Ledger)
async def show_claim_deadlines(warranty_id: str, viewer: Viewer) -> Response:
    """The time of the assessment, and how often it was over (D14)."""
    (history,) = await viewer.state.store.load(_stream(warranty_id))
    claim: WarrantyClaim = await folded(decider, "warranty", history)
    claim.parties.guard(viewer.actor, "warranty claim")
    (of_order,) = await viewer.state.store.load(f"order-{claim.opened.order_id}")
    order: Order = await folded(decider, "order", of_order)
    return query_response(ledger(history, order.terms), len(history))


@router.get(
    "/v1/warranties/{warranty_id}/texts/{ref}", summary="Read a text of a warranty claim", response_model=TextView
)
async def show_claim_text(warranty_id: str, ref: str, viewer: Viewer) -> Response:
    """What the buyer, the case team and the seller wrote; gone once it is erased."""
    (history,) = await viewer.state.store.load(_stream(warranty_id))
    claim: WarrantyClaim = await folded(decider, "warranty", history)
    claim.parties.guard(viewer.actor, "warranty claim")
    return query_response(await find_text(viewer.state.pool, ref, texts_of(claim)))


@router.get("/v1/orders/{order_id}/warranties", summary="List an order's claims", response_model=Page[WarrantyRow])
async def list_claims(order_id: str, viewer: Viewer) -> Response:
    """Every warranty claim that the viewer may see, and how far it is, the oldest first."""
    (history,) = await viewer.state.store.load(f"order-{order_id}")
    order: Order = await folded(decider, "order", history)
    order.parties.guard(viewer.actor, "order")
    return query_response({"data": warranty_rows(order, viewer.actor), "next_cursor": None})


def _answer(caller: CommandContext, outcome: Outcome, status: int = 200) -> Response:
    view = warranty_view(outcome.states[0], outcome.versions[0], caller.actor)
    return command_response(outcome, view, status, view["href"] if status == 201 else None)


def _stream(warranty_id: str) -> str:
    return f"warranty-{warranty_id}"
