"""Requests for returns: the buyer asks here, and the order's own service says whether it is granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Request
from starlette.responses import Response

from return_label.api.bodies.requests import ReturnRequestBody
from return_label.domain.commands import quota_of
from return_label.domain.decider import decider
from return_label.domain.label_quotas.limits import NO_REASON, guard_no_reason_return
from return_label.domain.returns.request import RequestReturn, asked
from return_label.domain.returns.state import Return, evolve
from return_label.policies import request_fields
from return_label.views.returns import ReturnView, return_view
from shared.events.base import SYSTEM
from shared.events.dispute import ReturnDue
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, command
from shared.http.responses import JsonResponse, to_json
from shared.http.routing import Router

router = Router("returns")


@router.post("/v1/returns", summary="Ask for a return", status_code=201, response_model=ReturnView)
async def request_return(
    body: ReturnRequestBody,
    request: Request,
    caller: Annotated[CommandContext, command("buyer", key_required=True)],
) -> Response:
    """Granted or refused by the rights that the order has (`eligibility` of the dispute service), at once: the pieces
    are in no other return or dispute from then on. The answer is what was granted; its label follows in a moment, or
    what the seller offered waits for the seller's answer (S84, S85). A buyer whom support has limited is refused
    before, unless the law grants it (`returns_limited`, S79).
    """
    await _guard_limits(body, caller)
    wanted = body.model_dump(mode="json", exclude={"order_id"}, exclude_unset=True)
    answer = await caller.state.orders.grant_return(body.order_id, wanted, request.headers, caller.dry_run)
    if answer.granted is None:
        said_there = answer.under(caller.request_id)
        return _passed_on(said_there, answer.status, answer.media_type, answer.headers)
    due = ReturnDue.model_validate(answer.granted)
    said = request_fields(due, caller.state.warehouse)
    requested = asked(RequestReturn(command_id=caller.command_id, actor=SYSTEM, at=caller.at, **said))
    view = return_view(evolve(Return(), requested), 0, caller.actor, caller.at)
    headers = {**answer.headers, "location": view["href"]}
    return _passed_on(to_json(view), answer.status, answer.media_type, headers)


async def _guard_limits(body: ReturnRequestBody, caller: CommandContext) -> None:
    """What the request itself decides anew, said before the order is asked."""
    if body.kind in NO_REASON:
        stream = quota_of(caller.actor.id).name
        (history,) = await caller.state.store.load(stream)
        guard_no_reason_return(await folded(decider, stream, history), body.kind, caller.at)


def _passed_on(body: bytes, status: int, media_type: str, headers: Mapping[str, str]) -> JsonResponse:
    answered = JsonResponse(body, status, media_type.encode())
    for name, value in headers.items():
        answered.add(name.encode(), value)
    return answered
