"""Payment provider routes: captures, refunds and the ledger."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import Response

from sandbox.faults.injection import after_effect, before_effect
from sandbox.provider.payments import (
    BankResult,
    Capture,
    CaptureView,
    Completion,
    KeyReused,
    Ledger,
    PaymentDiffers,
    RefundRequest,
    RefundsFound,
    RefundView,
    RefundWithAttempts,
    current,
)
from sandbox.provider.report import MEDIA_TYPE, report, span_of
from sandbox.provider.store import ProviderStore
from shared.events.outside.ids import Id
from shared.http.openapi import KEY
from shared.http.problems import Refusal
from shared.http.request.command_id import idempotency_key
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import Rejected

DECLINED = 402
PAGE, LARGEST_PAGE = 1_000, 10_000

router = Router("payment provider")


class PaymentCapturedDifferently(Rejected):
    """This has been captured before, with another amount."""


@router.post("/psp/captures", status_code=201, response_model=CaptureView)
async def capture(request: Request, body: Capture) -> Response:
    """Takes money, once a payment and order and, of what is taken later, a capture id; the same again gets the first
    answer again.
    """
    fault = await before_effect(request, "capture", body.payment_id, body.order_id)
    try:
        at, repeated = await _store(request).capture(body, _simulators(request).clock.now())
    except PaymentDiffers:
        raise PaymentCapturedDifferently("This was captured with another amount.") from None
    await after_effect(request, fault)
    captured: CaptureView = {
        "order_id": body.order_id,
        "payment_id": body.payment_id,
        "capture_id": body.capture_id,
        "amount": body.amount,
        "at": at,
    }
    return _marked(query_response(captured, status=201), repeated)


@router.post(
    "/psp/refunds",
    status_code=201,
    response_model=RefundView,
    responses={
        202: {"model": RefundView, "description": "Taken, and not done yet: a webhook tells when it is"},
        DECLINED: {"model": RefundView, "description": "Declined for good: no money moves under this key"},
    },
    openapi_extra={"parameters": [{**KEY, "required": True}]},
)
async def refund(request: Request, body: RefundRequest) -> Response:
    """Pays back, once an Idempotency-Key; the same again gets the first answer again, a decline included. Where another
    account is named by its token, the buyer's own is not asked, and no `account_invalid` is forced.
    """
    key = _key(request)
    fault = await before_effect(request, "refund", body.payment_id, body.order_id)
    forced = (fault.code or "declined") if fault and fault.fault == "decline" else None
    forced = None if body.account_token and forced == "account_invalid" else forced
    try:
        now, pending = _simulators(request).clock.now(), bool(fault and fault.fault == "pending")
        result, repeated = await _store(request).refund(key, body, now, forced, pending)
    except KeyReused:
        raise Refusal("idempotency_key_reused", "The key belongs to another refund.") from None
    await after_effect(request, fault)
    status, shown = DECLINED if result.declined else 202 if result.pending else 201, result.view(now)
    return _marked(query_response(shown, status=status), repeated)


@router.post("/psp/refunds/{reference}/completion", response_model=RefundView)
async def complete(request: Request, reference: str, body: Completion) -> Response:
    """What was pending of a refund is paid now, or refused, and the provider sends word of it."""
    declined, now = body.code if body.result == "declined" else None, _simulators(request).clock.now()
    result = await _store(request).complete(reference, declined, now)
    if result is None:
        raise Refusal("not_found", "Nothing of this refund is pending.")
    _simulators(request).webhooks.tell(result.view(now))
    return query_response(result.view(now))


@router.get("/psp/refunds/{reference}", response_model=RefundWithAttempts)
async def refund_by_id(request: Request, reference: str) -> Response:
    """What a refund has come to, with every attempt under a key of its own."""
    attempts = await _store(request).attempts(reference)
    if not attempts:
        raise Refusal("not_found", "No refund was asked for under this id.")
    now = _simulators(request).clock.now()
    refund: RefundWithAttempts = {**current(attempts).view(now), "attempts": [each.view(now) for each in attempts]}
    return query_response(refund)


@router.post("/psp/refunds/{reference}/result", response_model=RefundView)
async def make_bank_act(request: Request, reference: str, body: BankResult) -> Response:
    """Makes the buyer's bank credit the money of a refund, or send it back: then it is the merchant's again."""
    now = _simulators(request).clock.now()
    result = await _store(request).bank_acts(reference, body.result, now)
    if result is None:
        raise Refusal("not_found", "No money of such a refund is with a bank.")
    return query_response(result.view(now))


@router.get("/psp/refunds", response_model=RefundsFound)
async def find_refunds(request: Request, idempotency_key: Id | None = None, refund_id: Id | None = None) -> Response:
    """The refund under a key, which is known for 24 hours, or every attempt of a refund; an empty list where there is
    none. One of the two is asked for.
    """
    store = _store(request)
    if idempotency_key is not None and refund_id is None:
        found = await store.refund_by_key(idempotency_key)
    elif refund_id is not None and idempotency_key is None:
        found = await store.attempts(refund_id)
    else:
        raise Refusal("validation_failed", "Ask by idempotency_key or by refund_id.")
    now = _simulators(request).clock.now()
    refunds: RefundsFound = {"data": [result.view(now) for result in found]}
    return query_response(refunds)


@router.get("/psp/ledger", response_model=Ledger)
async def ledger(
    request: Request,
    order_id: str | None = None,
    payment_id: str | None = None,
    after: Annotated[int, Query(ge=0, description="Only lines with a larger id")] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    sort: Annotated[Literal["id", "-id"], Query(description="-id: the newest first")] = "id",
) -> Response:
    """Movements of money, in the order of their booking; `after` asks for those behind the last one seen."""
    lines: Ledger = {"data": await _store(request).ledger(order_id, payment_id, after, limit, sort == "-id")}
    return query_response(lines)


@router.get(
    "/psp/report",
    response_model=Ledger,
    responses={200: {"description": "The day's file", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def day_report(request: Request, day: date, format: Literal["csv", "json"] = "csv") -> Response:
    """The movements of money of a day of UTC, as a provider's daily report: a file of CSV, or JSON."""
    lines = await _store(request).day(*span_of(day))
    if format == "csv":
        return Response(report(lines), media_type=MEDIA_TYPE)
    movements: Ledger = {"data": lines}
    return query_response(movements)


def _key(request: Request) -> str:
    """The Idempotency-Key: without one a repeat would pay a second time."""
    key, wrong = idempotency_key(request.scope["context"].headers, required=True)
    if wrong or not key:
        raise Refusal("validation_failed", errors=wrong)
    return key


def _simulators(request: Request) -> Any:
    return request.app.state.simulators


def _store(request: Request) -> ProviderStore:
    store: ProviderStore = _simulators(request).provider
    return store


def _marked(response: Any, repeated: bool) -> Response:
    if repeated:
        response.add(b"idempotent-replayed", b"true")
    marked: Response = response
    return marked
