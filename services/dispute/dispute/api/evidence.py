"""Routes of evidence: files of the parties, for an order before there is a dispute, and for a dispute."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from dispute.api.answers import answer, carry_out
from dispute.api.files import Files, form_described
from dispute.api.uploads import Sending
from dispute.domain.decider import decider
from dispute.domain.disputes.evidence import AddEvidence, RemoveEvidence, ViewEvidence, guard_addition
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.visibility import looks_as as looks_at_dispute_as
from dispute.domain.evidence import visibility
from dispute.domain.evidence.state import Evidence
from dispute.domain.evidence.upload import RemoveUpload, UploadEvidence, ViewUpload, sender_of, side_of
from dispute.domain.evidence.visibility import Part, looks_as, parties_of, visible_role
from dispute.domain.orders.state import Order
from dispute.read_models import evidence as uploads
from dispute.views.disputes.members import DisputeView
from dispute.views.evidence import EvidenceView, PreflightView, item_view, upload_view
from shared.events.base import Command, pseudonym
from shared.events.envelope import Cause
from shared.events.ids import derived_uuid
from shared.events.slot import slot_of_stream
from shared.eventstore.command_handling import handle
from shared.eventstore.folding import folded
from shared.eventstore.personal import find_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.rejections import NotFound
from shared.views import TextView

router = Router("evidence")

Sender = Annotated[CommandContext, command("buyer", "seller", quota="uploads")]
OrderSender = Annotated[CommandContext, command("buyer", "seller", "warehouse", quota="uploads")]
Remover = Annotated[CommandContext, command("buyer", "seller")]
OrderRemover = Annotated[CommandContext, command("buyer", "seller", "warehouse")]
Viewer = Annotated[QueryContext, query("buyer", "seller", "case_team", "support")]
OrderViewer = Annotated[QueryContext, query("buyer", "seller", "warehouse", "case_team", "support")]
Range = Annotated[str | None, Header(alias="Range", description="A part of the bytes, such as `bytes=0-65535`")]
PREFLIGHT: dict[int | str, dict[str, Any]] = {200: {"model": PreflightView, "description": "With `dry_run=true`"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes, as a download (206 where Range names a part); the item where Accept asks for JSON",
        "content": {"image/*": _BINARY, "video/mp4": _BINARY},
    },
}


@router.post(
    "/v1/orders/{order_id}/evidence",
    summary="Send a file for the form that will name it",
    status_code=201,
    response_model=EvidenceView,
    responses=PREFLIGHT,
    openapi_extra=form_described(),
)
async def upload_evidence(order_id: str, request: Request, caller: OrderSender, dry_run: bool = False) -> Response:
    """Kept for 24 hours, until `evidence` of a form names its id; what shows an inspection for its time more, also of
    the warehouse's. With `dry_run=true` nothing is kept: the answer says whether the file would be taken.
    """
    order: Order = await _state(caller, f"order-{order_id}")
    sender_of(order, caller.actor)
    assert order.terms
    waiting = await uploads.waiting(caller.state.pool, order_id, caller.actor.id)
    ids = {"order_id": order_id, "waiting": waiting}
    sending = Sending(request, caller, UploadEvidence, ids, (Evidence(), order), order.terms)
    if dry_run:
        return query_response(await sending.preflight())
    outcome = await sending.sent()
    view = upload_view(outcome.states[0])
    return command_response(outcome, view, 201, view["href"])


@router.post(
    "/v1/disputes/{dispute_id}/evidence",
    summary="Add a file to a dispute",
    status_code=201,
    response_model=DisputeView,
    responses=PREFLIGHT,
    openapi_extra=form_described(),
)
async def add_evidence(dispute_id: str, request: Request, caller: Sender, dry_run: bool = False) -> Response:
    """By either party, while one of them is awaited and while evidence is gathered. With `dry_run=true` nothing is
    kept: the answer says whether the file would be taken.
    """
    dispute: Dispute = await _state(caller, f"dispute-{dispute_id}")
    side_of(dispute.parties, caller.actor, "dispute")
    ids = {"dispute_id": dispute_id, "order_id": dispute.opened.order_id}
    escalated = dispute.state == DisputeState.ESCALATED
    sending = Sending(request, caller, AddEvidence, ids, (dispute, Evidence()), dispute.terms, escalated)
    if dry_run:
        return query_response(await sending.preflight())
    if not await sending.known():
        guard_addition(dispute, caller.actor, caller.at)
    outcome = await sending.sent()
    return await answer(caller, outcome, 201, f"/evidence/{sending.evidence_id}")


@router.delete("/v1/orders/{order_id}/evidence/{evidence_id}", summary="Take back a file", response_model=EvidenceView)
async def remove_upload(order_id: str, evidence_id: str, caller: OrderRemover) -> Response:
    """As long as no form has named it; that it was there stays known."""
    _guard_beside(f"order-{order_id}", evidence_id)
    outcome = await caller.handle(caller.command(RemoveUpload, order_id=order_id, evidence_id=evidence_id))
    return command_response(outcome, upload_view(outcome.states[0]))


@router.delete(
    "/v1/disputes/{dispute_id}/evidence/{evidence_id}",
    summary="Take back evidence of a dispute",
    response_model=DisputeView,
)
async def remove_evidence(dispute_id: str, evidence_id: str, caller: Remover) -> Response:
    """By who added it: nobody sees its bytes any more, and everybody that it was there (S37)."""
    _guard_beside(f"dispute-{dispute_id}", evidence_id)
    outcome = await carry_out(caller, caller.command(RemoveEvidence, dispute_id=dispute_id, evidence_id=evidence_id))
    return await answer(caller, outcome)


@router.get(
    "/v1/orders/{order_id}/evidence/{evidence_id}",
    summary="Look at a file of one's own",
    response_model=EvidenceView,
    responses=BYTES,
)
async def show_upload(
    order_id: str, evidence_id: str, request: Request, viewer: OrderViewer, part: Range = None
) -> Response:
    """For who sent it, and who judges the report that names it: the bytes, or the item where Accept asks for JSON. A
    look at the bytes is recorded.
    """
    evidence, viewers = await _upload(viewer, order_id, evidence_id)
    if _wants_json(request):
        return query_response(upload_view(evidence))
    visible_role(viewers, evidence, Part.BYTES)
    await _record(viewer, ViewUpload, evidence_id, order_id=order_id)
    return await _bytes(viewer, evidence, request)


@router.get(
    "/v1/disputes/{dispute_id}/evidence/{evidence_id}",
    summary="Look at evidence of a dispute",
    response_model=EvidenceView,
    responses=BYTES,
)
async def show_evidence(
    dispute_id: str, evidence_id: str, request: Request, viewer: Viewer, part: Range = None
) -> Response:
    """For the parties, the case team and support: the bytes, or the item where Accept asks for JSON, and of a carrier's
    scan, which has none. A look at the bytes is recorded with the item, and moves no ETag.
    """
    _guard_beside(f"dispute-{dispute_id}", evidence_id)
    dispute: Dispute = await _state(viewer, f"dispute-{dispute_id}")
    dispute.parties.guard(viewer.actor, "dispute")
    if any(scan.evidence_id == evidence_id for scan in dispute.evidence.scans):
        return query_response(item_view(dispute, evidence_id, looks_at_dispute_as(dispute, viewer.actor)))
    evidence: Evidence = await _state(viewer, f"evidence-{evidence_id}")
    viewers = looks_as(evidence, viewer.actor, dispute_id, dispute.parties)
    if _wants_json(request):
        visible_role(viewers, evidence, Part.ITEM)
        return query_response(item_view(dispute, evidence_id, looks_at_dispute_as(dispute, viewer.actor)))
    visible_role(viewers, evidence, Part.BYTES)
    await _record(viewer, ViewEvidence, evidence_id, dispute_id=dispute_id)
    return await _bytes(viewer, evidence, request)


@router.get(
    "/v1/orders/{order_id}/evidence/{evidence_id}/texts/{ref}",
    summary="Read the caption of a file of one's own",
    response_model=TextView,
)
async def show_caption(order_id: str, evidence_id: str, ref: str, viewer: OrderViewer) -> Response:
    """What its sender wrote beside it, for who may see the file."""
    evidence, _ = await _upload(viewer, order_id, evidence_id)
    return query_response(await find_text(viewer.state.pool, ref, {evidence.item.caption_ref}))


async def _upload(
    viewer: QueryContext, order_id: str, evidence_id: str
) -> tuple[Evidence, frozenset[visibility.Viewer]]:
    """An item of the order, and as whom it is seen; NotFound for who may not."""
    _guard_beside(f"order-{order_id}", evidence_id)
    evidence: Evidence = await _state(viewer, f"evidence-{evidence_id}")
    if evidence.first_event is None or evidence.uploaded.order_id != order_id:
        raise NotFound("There is no such evidence.")
    order: Order = await _state(viewer, f"order-{order_id}")
    viewers = looks_as(evidence, viewer.actor, None, parties_of(evidence, order))
    visible_role(viewers, evidence, Part.ITEM)
    return evidence, viewers


async def _state(context: QueryContext, stream: str) -> Any:
    (history,) = await context.state.store.load(stream)
    return await folded(decider, stream, history)


async def _record(viewer: QueryContext, kind: type[Command], evidence_id: str, **ids: str) -> None:
    """Once for each viewer and day: the command's id says so."""
    look = derived_uuid("view", evidence_id, pseudonym(viewer.actor.id), viewer.at.date())
    fields: dict[str, Any] = {"command_id": look, "actor": viewer.actor, "evidence_id": evidence_id, **ids}
    looked = kind(at=viewer.at, **fields)
    await handle(viewer.state.store, decider, looked, Cause.of(looked, traceparent=viewer.traceparent))


async def _bytes(viewer: QueryContext, evidence: Evidence, request: Request) -> Response:
    files: Files = viewer.state.files
    return await files.answer(viewer.state.pool, evidence.item, request.scope["context"].headers)


def _guard_beside(stream: str, evidence_id: str) -> None:
    """NotFound for an item that is in another log than what it is looked for beside."""
    if slot_of_stream(f"evidence-{evidence_id}") != slot_of_stream(stream):
        raise NotFound("There is no such evidence.")


def _wants_json(request: Request) -> bool:
    return "json" in request.headers.get("accept", "")
