"""Webhooks in: the carrier tells of its parcels, and a scan leads to what a shop or a warehouse would say of it.

What a message says is believed of the one parcel whose label was bought for the return that it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from fastapi import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from return_label.domain.commands import ReturnCommand, quota_of
from return_label.domain.decider import decider
from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.scans import Seen, commands, has_number, is_of
from return_label.domain.returns.state import Return
from return_label.webhooks.port import Malformed, Receive, Word
from shared.events.envelope import Cause
from shared.eventstore.command_handling import handle
from shared.eventstore.folding import folded
from shared.http.problems import RETRY_AFTER, Refusal
from shared.http.request.body import read_body
from shared.http.request.webhooks import Untrusted
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.observability import metrics
from shared.process.clock import SystemClock
from shared.rejections import Rejected

router = Router("webhooks")

Result = Literal["taken", "repeated", "ignored"]
EXAMPLE = {
    "type": "parcel.scanned",
    "at": "2026-03-02T10:00:00.000000Z",
    "data": {"id": "scan_1", "reference": "ret_02a7", "tracking_number": "LA000000014AQ", "kind": "delivered"},
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The carrier's own message, signed as the carrier signs",
        "content": {"application/json": {"schema": {"type": "object", "examples": [EXAMPLE]}}},
    }
}


class ScanHeardView(TypedDict):
    """What a message came to: it changed something, had been heard before, or changes nothing."""

    id: str | None
    result: Result


@router.post("/v1/webhooks/carrier", summary="Hear from the carrier", response_model=ScanHeardView, openapi_extra=BODY)
async def hear(request: Request) -> Response:
    """Signed by the carrier, and sent within five minutes. A scan counts once, however often and in whatever order it
    is told: what was seen was sent (T23), what was delivered has come (T25), what is lost is lost (T25a). One that
    comes too late to change anything is ignored.
    """
    word = await _received(request)
    view: ScanHeardView = {
        "id": word.scan_id if word else None,
        "result": await _result(request, word) if word else "ignored",
    }
    metrics.WEBHOOKS.labels(view["result"]).inc()
    return query_response(view)


async def _received(request: Request) -> Word | None:
    receive: Receive | None = request.app.state.carrier_webhooks
    if receive is None:
        raise Refusal("not_found", "No carrier's webhooks are set up here.")
    headers = request.scope["context"].headers
    try:
        return receive(headers, await read_body(request.receive, headers), SystemClock().now().timestamp())
    except Untrusted as error:
        metrics.WEBHOOKS.labels("refused").inc()
        raise Refusal("unauthenticated", f"This is no message of the carrier's: {error}.") from None
    except Malformed:
        raise Refusal("malformed_json", "The message is none of the carrier's.") from None


async def _result(request: Request, word: Word) -> Result:
    """What comes of it for every return that goes in the parcel (K24)."""
    seen, first = Seen(word.scan_id, word.tracking_number, word.kind), await _return(request, word.return_id)
    if first.ordered:
        later = {"Retry-After": str(RETRY_AFTER)}
        raise Refusal("busy", "The label's number is not known here yet.", headers=later)
    results = [
        await _carried_out(request, command)
        for return_ in await _in_parcel(request, first, seen)
        for command in commands(return_, seen, request.app.clock.now())
    ]
    return _together(results)


def _together(results: Iterable[Result]) -> Result:
    order: tuple[Result, ...] = ("taken", "repeated", "ignored")
    return min(results, key=order.index, default="ignored")


async def _in_parcel(request: Request, first: Return, seen: Seen) -> list[Return]:
    """The returns that go with the label, by the quota that knows who shares it; those that have done without are not
    among them.
    """
    if not first.label or not has_number(first, seen):
        return []
    stream = quota_of(first.terms.buyer_id).name
    (history,) = await request.app.state.store.load(stream)
    quota: Quota = await folded(decider, stream, history)
    held = quota.labels.get(first.label.label_id)
    others = [each for each in held.returns if each != first.terms.return_id] if held else []
    found = [first, *[await _return(request, each) for each in others]]
    return [each for each in found if is_of(each, seen)]


async def _return(request: Request, return_id: str) -> Return:
    stream = f"return-{return_id}"
    (history,) = await request.app.state.store.load(stream)
    found: Return = await folded(decider, stream, history)
    return found


async def _carried_out(request: Request, command: ReturnCommand) -> Result:
    try:
        outcome = await handle(request.app.state.store, decider, command, Cause.of(command))
    except Rejected:
        return "ignored"
    return "repeated" if outcome.replayed else "taken" if outcome.events else "ignored"
