"""Carrier routes: labels and the scans of their parcels."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from sandbox.carrier.labels import (
    CarrierLabelView,
    CarrierStore,
    LabelRequest,
    LabelsFound,
    ScanRequest,
    ScansFound,
    ScanView,
)
from sandbox.faults.injection import after_effect, before_effect
from shared.events.base import wire_time
from shared.http.openapi import KEY
from shared.http.problems import Refusal
from shared.http.request.command_id import idempotency_key
from shared.http.responses import query_response
from shared.http.routing import Router

REFUSED = 402

router = Router("carrier")


@router.post(
    "/carrier/labels",
    status_code=201,
    response_model=CarrierLabelView,
    responses={REFUSED: {"model": CarrierLabelView, "description": "Refused: nothing is kept of it"}},
    openapi_extra={"parameters": [{**KEY, "required": True}]},
)
async def buy(request: Request, body: LabelRequest) -> Response:
    """Sells a label, once an Idempotency-Key; the same again gets the label that is there. A refusal is not kept."""
    key, wrong = idempotency_key(request.scope["context"].headers, required=True)
    if wrong or not key:
        raise Refusal("validation_failed", errors=wrong)
    fault = await before_effect(request, "label", key, body.reference)
    if fault and fault.fault == "decline":
        return query_response(_refused(request, key, body.reference, fault.code or "declined"), status=REFUSED)
    label, repeated = await _store(request).buy(key, body.reference, _now(request))
    await after_effect(request, fault)
    answered: Any = query_response(label, status=201)
    if repeated:
        answered.add(b"idempotent-replayed", b"true")
    return answered  # type: ignore[no-any-return]


@router.get("/carrier/labels", response_model=LabelsFound)
async def find(request: Request, idempotency_key: str) -> Response:
    """What was sold under a key, be it void by now."""
    found: LabelsFound = {"data": await _store(request).find(idempotency_key)}
    return query_response(found)


@router.post("/carrier/labels/{tracking_number}/void", response_model=CarrierLabelView)
async def void(request: Request, tracking_number: str) -> Response:
    """Takes a label back; one whose parcel was seen stays as it is."""
    fault = await before_effect(request, "label_void", tracking_number, tracking_number)
    label = await _store(request).void(tracking_number, _now(request))
    if label is None:
        raise Refusal("not_found", "No label has this number.")
    await after_effect(request, fault)
    return query_response(label)


@router.post("/carrier/labels/{tracking_number}/scans", status_code=201, response_model=ScanView)
async def scan(request: Request, tracking_number: str, body: ScanRequest) -> Response:
    """Makes something happen to a parcel, and sends word of it."""
    seen = await _store(request).scan(tracking_number, body.kind, _now(request))
    if seen is None:
        raise Refusal("not_found", "No parcel travels under this number.")
    simulators = request.app.state.simulators
    fault = simulators.faults.next("scan", tracking_number, seen["reference"])
    at = wire_time(seen["at"])
    simulators.carrier_webhooks.send({"type": "parcel.scanned", "at": at, "data": {**seen, "at": at}}, fault)
    return query_response(seen, status=201)


@router.get("/carrier/labels/{tracking_number}/scans", response_model=ScansFound)
async def scans(request: Request, tracking_number: str) -> Response:
    """What is known of a parcel, in the order of its way."""
    found: ScansFound = {"data": await _store(request).scans(tracking_number)}
    return query_response(found)


def _refused(request: Request, key: str, reference: str, code: str) -> CarrierLabelView:
    return {
        "idempotency_key": key,
        "reference": reference,
        "status": "refused",
        "tracking_number": None,
        "code": code,
        "at": _now(request),
    }


def _now(request: Request) -> Any:
    return request.app.state.simulators.clock.now()


def _store(request: Request) -> CarrierStore:
    store: CarrierStore = request.app.state.simulators.carrier
    return store
