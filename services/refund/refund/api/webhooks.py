"""Webhooks in: the payment provider sends word of a refund, and is then asked what has become of it (ADR 49), or of a
chargeback, which is recorded (ADR 58).

Of a refund nothing that a message says is believed but which it is about.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from refund.api.told_chargebacks import Result, recorded
from refund.domain.decider import decider
from refund.domain.payments.pending import AskNow
from refund.read_models import refunds
from refund.webhooks.port import Malformed, Receive, Word
from shared.events.envelope import Cause
from shared.events.slot import PREFIXES, slot_of_id
from shared.eventstore.command_handling import handle
from shared.http.problems import Refusal
from shared.http.request.body import read_body
from shared.http.request.webhooks import Untrusted
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.observability import metrics
from shared.process.clock import SystemClock
from shared.subscriptions.freshness import wait_for_head

router = Router("webhooks")

EXAMPLE = {"type": "refund.issued", "at": "2026-03-02T10:00:00.000000Z", "data": {"refund_id": "rfd_02a7"}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The provider's own message, signed as the provider signs",
        "content": {"application/json": {"schema": {"type": "object", "examples": [EXAMPLE]}}},
    }
}


class WebhookView(TypedDict):
    """What a message came to: the provider is asked, or a chargeback recorded, that was done before, or need not be."""

    id: str
    result: Result


@router.post(
    "/v1/webhooks/psp",
    summary="Hear from the payment provider",
    response_model=WebhookView,
    openapi_extra=BODY,
)
async def hear(request: Request) -> Response:
    """Signed by the provider, and sent within five minutes. A refund that the provider was not done with is asked after
    at once, and a chargeback is recorded as if it had been reported, in whatever order the messages come and however
    often; all else is ignored.
    """
    word = await _received(request)
    view: WebhookView = {"id": word.event_id, "result": await _result(request, word)}
    metrics.WEBHOOKS.labels(view["result"]).inc()
    return query_response(view)


async def _received(request: Request) -> Word:
    receive: Receive | None = request.app.state.webhooks
    if receive is None:
        raise Refusal("not_found", "No webhooks are set up here.")
    headers = request.scope["context"].headers
    try:
        return receive(headers, await read_body(request.receive, headers), SystemClock().now().timestamp())
    except Untrusted as error:
        metrics.WEBHOOKS.labels("refused").inc()
        raise Refusal("unauthenticated", f"This is no message of the provider's: {error}.") from None
    except Malformed:
        raise Refusal("malformed_json", "The message is none of the provider's.") from None


async def _result(request: Request, word: Word) -> Result:
    """What comes of it; ProjectionBehind where the refund may only not be known yet: the provider sends it again."""
    if word.chargeback:
        return await recorded(request.app.state, word.chargeback, request.app.clock.now())
    if word.refund_id is None or (order_id := await _order_of(request.app.state.pool, word.refund_id)) is None:
        return "ignored"
    command = AskNow.of(word.event_id, order_id, word.refund_id, request.app.clock.now())
    outcome = await handle(request.app.state.store, decider, command, Cause.of(command))
    return "repeated" if outcome.replayed else "taken" if outcome.events else "ignored"


async def _order_of(pool: Any, part_id: str) -> str | None:
    refund_id = part_id.partition(".")[0]
    if (slot := slot_of_id(PREFIXES["refund"], refund_id)) is None:
        return None
    if order_id := await refunds.order_of(pool, refund_id):
        return order_id
    await wait_for_head(pool, refunds.NAME, slot)
    return await refunds.order_of(pool, refund_id)
