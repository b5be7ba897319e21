"""Limits on a buyer's returns, set and lifted by support; the buyer reads them beside the labels of the month (S79)."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from return_label.domain.label_quotas.limits import LIMITER, LiftReturnLimit, SetReturnLimit
from return_label.domain.label_quotas.state import Quota
from return_label.views.quota import LimitsView, LimitView, limit_view
from shared.events.base import Instant
from shared.events.label_quota import LimitScope
from shared.eventstore.personal import standing_text
from shared.http.caller import CommandContext, QueryContext, command
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.responses import command_response
from shared.http.routing import Router

router = Router("return limits")
PATH = "/v1/buyers/{buyer_id}/return-limit"
Limiter = Annotated[CommandContext, command(LIMITER)]


class LimitBody(CommandBody, of=SetReturnLimit):
    """What the buyer is limited in, why, and until when."""

    model_config = example(
        scope="no_reason_returns", reason="Nine of ten orders came back worn.", until_at="2026-06-01T00:00:00Z"
    )


@router.put(PATH, summary="Limit a buyer's returns", response_model=LimitsView)
async def set_limit(buyer_id: str, body: LimitBody, caller: Limiter) -> Response:
    """Prepaid labels, or returns that need no reason. Until its end, or until it is lifted; the buyer reads why. What a
    fault or the law gives is not limited (S17, S79).
    """
    return await _answered(caller, caller.command(SetReturnLimit, body, buyer_id=buyer_id))


@router.delete(PATH, summary="Lift a limit", response_model=LimitsView)
async def lift_limit(buyer_id: str, scope: LimitScope, caller: Limiter) -> Response:
    """Before its end; where there is none, nothing happens."""
    return await _answered(caller, caller.command(LiftReturnLimit, buyer_id=buyer_id, scope=scope))


async def limits_of(viewer: QueryContext, quota: Quota, at: Instant) -> list[LimitView]:
    """What limits the buyer at an instant, with the reasons, which stand beside the log."""
    pool = viewer.state.pool
    return [limit_view(limit, await standing_text(pool, limit.reason_ref)) for limit in quota.limits_at(at).values()]


async def _answered(caller: CommandContext, wanted: SetReturnLimit | LiftReturnLimit) -> Response:
    outcome = await caller.handle(wanted)
    view: LimitsView = {
        "buyer_id": wanted.buyer_id,
        "limits": await limits_of(caller, outcome.states[0], caller.at),
    }
    return command_response(outcome, view)
