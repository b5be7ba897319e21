"""Returns: the steps of the goods' way as commands, and what a return looks like to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from starlette.responses import Response

from return_label.api.bodies.returns import CancellationBody, InspectionBody, ResponseBody, ShipmentBody
from return_label.api.whose import buyer_of
from return_label.domain.commands import ReturnCommand
from return_label.domain.decider import decider
from return_label.domain.returns.findings import InspectReturn
from return_label.domain.returns.inspection import INSPECTORS
from return_label.domain.returns.labels.cancellation import SETTLERS, SettleCancellation
from return_label.domain.returns.loss import LOSERS, MarkReturnLost
from return_label.domain.returns.response import RESPONDER, RespondToReturn
from return_label.domain.returns.state import Return
from return_label.domain.returns.transit import RECEIVERS, SHIPPERS, MarkReturnReceived, MarkReturnShipped
from return_label.views.history import history_entry
from return_label.views.returns import WAREHOUSE, ReturnView, return_view
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.eventstore.folding import folded
from shared.eventstore.personal import find_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.views import HistoryEntry, Page, TextView

router = Router("returns")


@router.get("/v1/returns/{return_id}", summary="Show a return", response_model=ReturnView)
async def show_return(return_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """Read from the stream: each step of the goods' way, and what the viewer may do (S81)."""
    return_, version = await _load(viewer, return_id)
    return query_response(return_view(return_, version, viewer.actor, viewer.at), version)


@router.get("/v1/returns/{return_id}/history", summary="Show what happened", response_model=Page[HistoryEntry])
async def show_history(
    return_id: str, viewer: Annotated[QueryContext, query()], limit: Limit = 25, cursor: Cursor = None
) -> Response:
    """One entry an event, in order, read from the stream: what was shipped, corrected, received and found (S81)."""
    history = await _history(viewer, return_id)
    return_: Return = await folded(decider, f"return-{return_id}", history)
    return_.parties.guard(viewer.actor, "return")
    listing = Listing("return_history", (return_id,))
    (after,) = listing.read(cursor, int) or (0,)
    return query_response(listing.page(history[after:], limit, history_entry, lambda entry: (entry.version,)))


@router.get("/v1/returns/{return_id}/texts/{ref}", summary="Read a text of a return", response_model=TextView)
async def show_text(return_id: str, ref: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """What the inspector wrote, or the seller with its answer: never in an event, gone once it is erased; and the
    warehouse's address (K22).
    """
    return_, _ = await _load(viewer, return_id)
    return_.parties.guard(viewer.actor, "return")
    if ref == WAREHOUSE and return_.terms.warehouse:
        return query_response(TextView(ref=ref, text=return_.terms.warehouse))
    own = [found.note_ref for found in (*return_.examined, return_.inspected) if found]
    own += [return_.denied.reason_ref if return_.denied else None, return_.told_address_ref]
    return query_response(await find_text(viewer.state.pool, ref, own))


@router.post("/v1/returns/{return_id}/response", summary="Answer for an offered return", response_model=ReturnView)
async def respond(
    return_id: str, body: ResponseBody, caller: Annotated[CommandContext, command(RESPONDER)]
) -> Response:
    """The seller of an Extra or Domestic Return takes the goods back, or says why not: then, and where no answer comes
    in time, the buyer may dispute it for some days (S13, T27x).
    """
    return await _answer(caller, caller.command(RespondToReturn, body, return_id=return_id))


@router.post("/v1/returns/{return_id}/shipment", summary="Say that the parcel is on its way", response_model=ReturnView)
async def mark_shipped(
    return_id: str, body: ShipmentBody, caller: Annotated[CommandContext, command(*SHIPPERS)]
) -> Response:
    """The buyer's, or who acts for the buyer (T23). A number that cannot be the carrier's is refused; one that was
    mistyped all the same is corrected with `replaces`, until the goods have come.
    """
    buyer_id = await buyer_of(caller, return_id)
    return await _answer(caller, caller.command(MarkReturnShipped, body, return_id=return_id, buyer_id=buyer_id))


@router.post("/v1/returns/{return_id}/receipt", summary="Say that the parcel has come", response_model=ReturnView)
async def mark_received(return_id: str, caller: Annotated[CommandContext, command(*RECEIVERS)]) -> Response:
    """The word of whom the goods go to, seller or warehouse (K22), or the carrier's scan (T25)."""
    return await _answer(caller, caller.command(MarkReturnReceived, return_id=return_id))


@router.post("/v1/returns/{return_id}/loss", summary="Say that the parcel is lost", response_model=ReturnView)
async def mark_lost(
    return_id: str, caller: Annotated[CommandContext, command(*LOSERS, if_match="for_money")]
) -> Response:
    """The carrier's word, or support's that has asked the carrier (T25a). What went with the prepaid label brings the
    refund, which needs an Idempotency-Key and an If-Match; what the buyer sent by himself the case team.
    """
    return await _answer(caller, caller.command(MarkReturnLost, return_id=return_id))


@router.post("/v1/returns/{return_id}/inspection", summary="Say what the goods are like", response_model=ReturnView)
async def inspect(
    return_id: str, body: InspectionBody, caller: Annotated[CommandContext, command(*INSPECTORS, if_match="for_money")]
) -> Response:
    """The word of whom the goods go to (K22): of all, or of some `lines` and later of the rest. Once every piece has
    passed they bring the refund, and the case team where one has failed. What brings money, and what is said of single
    `lines`, needs an Idempotency-Key and an If-Match (S82, T26, T27).
    """
    return await _answer(caller, caller.command(InspectReturn, body, return_id=return_id))


@router.post(
    "/v1/returns/{return_id}/label/cancellation",
    summary="Settle a label that was not taken back",
    response_model=ReturnView,
)
async def settle_cancellation(
    return_id: str, body: CancellationBody, caller: Annotated[CommandContext, command(*SETTLERS)]
) -> Response:
    """Support's word on a label that its carrier has refused to take back, or has given no answer about for a day
    (`?not_cancelled=true` lists them): the carrier is asked once more, or it is `settled` with the carrier.
    """
    return await _answer(caller, caller.command(SettleCancellation, body, return_id=return_id))


async def _answer(caller: CommandContext, step: ReturnCommand) -> Response:
    outcome = await caller.handle(step)
    return command_response(outcome, return_view(outcome.states[0], outcome.versions[0], caller.actor, caller.at))


async def _load(viewer: QueryContext, return_id: str) -> tuple[Return, int]:
    """The return as its stream has it, and its version; the initial state and 0 where there is none."""
    history = await _history(viewer, return_id)
    return await folded(decider, f"return-{return_id}", history), len(history)


async def _history(viewer: QueryContext, return_id: str) -> Sequence[Recorded[Event]]:
    histories: Sequence[Sequence[Recorded[Event]]] = await viewer.state.store.load(f"return-{return_id}")
    return histories[0]
