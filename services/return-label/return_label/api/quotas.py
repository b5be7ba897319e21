"""Labels that are asked for and given back, and a buyer's quota of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from return_label.api.limits import limits_of
from return_label.api.whose import buyer_of
from return_label.domain.commands import quota_of
from return_label.domain.decider import decider
from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.labels.giving_back import GiveBackLabel
from return_label.domain.returns.labels.issuing import ASKERS, RequestLabel
from return_label.views.quota import QuotaView, quota_view
from return_label.views.returns import ReturnView, return_view
from shared.events.calendar import month_of
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.rejections import NotFound

router = Router("quotas")

READERS = ("buyer", "support", "ops")
Month = Annotated[str | None, Query(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="A calendar month: 2026-03")]


@router.post("/v1/returns/{return_id}/label", summary="Ask for a label", status_code=201, response_model=ReturnView)
async def request_label(
    return_id: str, caller: Annotated[CommandContext, command(*ASKERS, key_required=True)]
) -> Response:
    """A label comes by itself with the return. This asks for one that was denied, once the quota has one left, or that
    was given back: one a return (S75), three a buyer and month (S76), and while the order's last one is not used that
    very one (K24).
    """
    return await _answered(caller, RequestLabel, return_id, 201, carrier=caller.state.carrier)


@router.post("/v1/returns/{return_id}/void", summary="Give a label back", response_model=ReturnView)
async def give_label_back(return_id: str, caller: Annotated[CommandContext, command(*ASKERS)]) -> Response:
    """Until a parcel goes with it. The label is void, the quota has its place again, and one more may be asked for
    (K24).
    """
    return await _answered(caller, GiveBackLabel, return_id, 200)


@router.get("/v1/buyers/{buyer_id}/label-quota", summary="Show a buyer's labels", response_model=QuotaView)
async def show_quota(buyer_id: str, viewer: Annotated[QueryContext, query(*READERS)], month: Month = None) -> Response:
    """The prepaid labels of a calendar month, this one by default, void ones left out (S76), and what limits the
    buyer now (S79): the buyer's own, and anybody's for support and ops.
    """
    if viewer.actor.id != buyer_id and viewer.actor.roles.isdisjoint(("support", "ops")):
        raise NotFound("There is no such buyer.")
    stream = quota_of(buyer_id).name
    (history,) = await viewer.state.store.load(stream)
    quota: Quota = await folded(decider, stream, history)
    shown = month or month_of(viewer.at, quota.timezone)
    limits = await limits_of(viewer, quota, viewer.at)
    return query_response(quota_view(quota, buyer_id, shown, limits), len(history))


async def _answered(
    caller: CommandContext, kind: type[RequestLabel] | type[GiveBackLabel], return_id: str, status: int, **more: Any
) -> Response:
    wanted = caller.command(kind, return_id=return_id, buyer_id=await buyer_of(caller, return_id), **more)
    outcome = await caller.handle(wanted)
    view = return_view(outcome.states[0], outcome.versions[0], caller.actor, caller.at)
    return command_response(outcome, view, status, view["href"])
