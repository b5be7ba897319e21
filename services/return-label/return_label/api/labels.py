"""Labels: documents to be printed, drawn when they are asked for, and the same each time."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Header, Request
from starlette.datastructures import State
from starlette.responses import Response

from return_label.api.texts_elsewhere import TextsElsewhere
from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.labels.purchase import document_ref
from return_label.domain.returns.state import Return
from return_label.domain.tracking.sandbox import SANDBOX
from return_label.views.labels.drawing import pdf, png
from return_label.views.labels.layout import Label
from return_label.views.labels.shown import MEDIA_TYPES, PRINTERS, media_types, prints
from return_label.views.labels.zpl import zpl
from shared.events.return_label import ReturnLabelIssued, ReturnRequested
from shared.eventstore.folding import folded
from shared.eventstore.personal import standing_text
from shared.http.caller import QueryContext, query
from shared.http.request.accept import preferred
from shared.http.routing import Router
from shared.rejections import Erased, NotFound

router = Router("labels")

Accept = Annotated[str, Header(description=f"One of {', '.join(MEDIA_TYPES)}; the first by default")]
PRINTER = ThreadPoolExecutor(1, "labels")
"""One label at a time, each some hundredths of a second, beside the loop that answers; it starts with the first."""
BINARY = {"type": "string", "format": "binary"}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {one: {"schema": BINARY} for one in MEDIA_TYPES}, "description": "The label"}
}


@router.get("/v1/returns/{return_id}/label", summary="Print a label", response_class=Response, responses=SHOWN)
async def show_label(
    return_id: str,
    request: Request,
    viewer: Annotated[QueryContext, query(*PRINTERS)],
    accept: Accept = "*/*",
    size: Literal["a6", "letter"] = "a6",
) -> Response:
    """The prepaid label, by `Accept` as PDF (of that size), PNG or ZPL: addresses in their own script, the number as
    Code 128; or as its carrier has drawn it, in the one form that `files` names. 404 where there is none or it is void,
    410 once an address on it has been erased.
    """
    stream = f"return-{return_id}"
    (history,) = await viewer.state.store.load(stream)
    return_: Return = await folded(decider, stream, history)
    return_.parties.guard(viewer.actor, "return", *PRINTERS)
    issued = return_.label
    if not issued or not prints(return_, viewer.actor) or not (issued.document or viewer.state.sandbox):
        raise NotFound("There is no label to print.")
    media_type = preferred(accept, media_types(issued))
    if issued.document:
        document = await _drawn_by_carrier(issued, viewer.state)
    else:
        label = await _label(return_, viewer.state, request.headers["authorization"])
        document = await asyncio.get_running_loop().run_in_executor(PRINTER, _document, label, media_type, size)
    name = f"{issued.tracking_number}.{media_type.rpartition('/')[2]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(document, 200, headers, media_type)


async def _drawn_by_carrier(issued: ReturnLabelIssued, state: State) -> bytes:
    """The carrier's own bytes, kept with the texts about people."""
    kept = await standing_text(state.pool, document_ref(issued.label_id))
    if kept is None:
        raise Erased("The label has been erased.")
    return base64.b64decode(kept)


def _document(label: Label, media_type: str, size: str) -> bytes:
    if media_type == "application/zpl":
        return zpl(label)
    return png(label) if media_type == "image/png" else pdf(label, size)


async def _label(return_: Return, state: State, authorization: str) -> Label:
    """The buyer's address is read with this service's own token; the seller's as its reader may."""
    terms, issued = return_.terms, return_.label
    assert issued and issued.tracking_number and return_.authorized
    last_day = (
        (return_.due[DeadlineKind.SHIPMENT] - timedelta(microseconds=1)).astimezone(ZoneInfo(terms.timezone)).date()
    )
    texts: TextsElsewhere = state.texts
    sender = await texts.find(await state.own_token.authorization(), "orders", terms.order_id, "texts", "ship_to")
    return Label(
        number=issued.tracking_number,
        receiver=terms.warehouse or await _seller(terms, texts, authorization),
        sender=sender or "",
        return_id=terms.return_id,
        send_by=last_day.isoformat(),
        sample=issued.carrier == SANDBOX,
    )


async def _seller(terms: ReturnRequested, texts: TextsElsewhere, authorization: str) -> str:
    """The seller's address: a return that names one was told it, so one that is not there is gone (K22)."""
    assert terms.address_ref
    place = ("disputes", terms.dispute_id) if terms.dispute_id else ("orders", terms.order_id)
    address = await texts.find(authorization, *place, "texts", terms.address_ref)
    if address is None:
        raise Erased("The seller's address has been erased.")
    return address
