"""Routes of disputes: the buyer's and the seller's commands, the dispute, its history and its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from starlette.responses import Response

from dispute.api.answers import answer, answer_opening, carry_out, conversation, histories
from dispute.api.as_of import page_as_of
from dispute.api.bodies.disputes import (
    CancellationBody,
    ModificationBody,
    OpenDisputeBody,
    ReplacementReceiptBody,
    ReplacementShipmentBody,
    ResponseBody,
)
from dispute.api.standing import response, without_standing_text
from dispute.domain.decider import decider
from dispute.domain.disputes.agreement.replacement import NoteArrival, ReceiveReplacement, ShipReplacement
from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.negotiation import AcceptSolution, ModifyRequest
from dispute.domain.disputes.opening.opening import OpenDispute
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import PARTIES
from dispute.domain.disputes.visibility import actions_told, looks_as, visible_refs
from dispute.read_models import dispute_history, disputes
from dispute.views.disputes.dispute import dispute_row, dispute_view, history_entry
from dispute.views.disputes.members import DisputeRow, DisputeView
from dispute.views.disputes.solutions import ArrivalView
from shared.events.base import Actor, Event
from shared.events.envelope import Recorded
from shared.events.moments import Moment
from shared.eventstore.folding import folded
from shared.eventstore.personal import find_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.parties import Side, barred_from, own_sides
from shared.rejections import snake_case
from shared.subscriptions.freshness import wait_for_position
from shared.views import HistoryEntry, Page, TextView

router = Router("disputes")


@router.post("/v1/disputes", summary="Open a dispute", status_code=201, response_model=DisputeView)
async def open_dispute(
    body: OpenDisputeBody,
    caller: Annotated[CommandContext, command("buyer", "support", key_required=True, quota="openings")],
) -> Response:
    """One dispute a line at a time; the payout of its lines waits for its end. Support opens one for the buyer, whom
    the order names, with a ticket and a reason (S20).
    """
    suspensions = caller.state.programmes.suspensions(caller.at)
    outcome = await caller.handle(caller.command(OpenDispute, body, suspensions=suspensions))
    return answer_opening(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/response", summary="Answer as the seller", response_model=DisputeView)
async def respond(
    dispute_id: str,
    body: ResponseBody,
    caller: Annotated[CommandContext, command("buyer", "seller", if_match="required")],
) -> Response:
    """Accept the request, offer something else, or refuse (S40, S42). With the case team the offer that stands already
    changes nothing (T43).
    """
    return await answer(caller, await carry_out(caller, await response(caller, dispute_id, body)))


@router.post("/v1/disputes/{dispute_id}/acceptance", summary="Accept the seller's offer", response_model=DisputeView)
async def accept(
    dispute_id: str, caller: Annotated[CommandContext, command("buyer", "seller", if_match="required")]
) -> Response:
    """The seller's offer becomes the solution (S42)."""
    outcome = await carry_out(caller, caller.command(AcceptSolution, dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/modification", summary="Change the request", response_model=DisputeView)
async def modify(
    dispute_id: str,
    body: ModificationBody,
    caller: Annotated[CommandContext, command("buyer", "seller", if_match="required")],
) -> Response:
    """The next round: the seller has five days again (S43). What stands already, word for word, is no change."""
    changes = await without_standing_text(caller, dispute_id, body)
    outcome = await carry_out(caller, caller.command(ModifyRequest, changes, dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/cancellation", summary="Withdraw the dispute", response_model=DisputeView)
async def cancel(
    dispute_id: str,
    caller: Annotated[CommandContext, command("buyer", "seller", if_match="for_money")],
    body: CancellationBody | None = None,
) -> Response:
    """Protected again, or, when protection is over and the buyer acknowledges it, released (S46–S48): that moves money,
    so it needs an Idempotency-Key and an If-Match.
    """
    outcome = await carry_out(caller, caller.command(CancelDispute, body or CancellationBody(), dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post(
    "/v1/disputes/{dispute_id}/replacement-shipment", summary="Tell of a replacement", response_model=DisputeView
)
async def ship_replacement(
    dispute_id: str, body: ReplacementShipmentBody, caller: Annotated[CommandContext, command("buyer", "seller")]
) -> Response:
    """What was agreed or decided as a replacement or an exchange is on its way (T40)."""
    return await answer(caller, await carry_out(caller, caller.command(ShipReplacement, body, dispute_id=dispute_id)))


@router.post(
    "/v1/disputes/{dispute_id}/replacement-receipt",
    summary="Confirm a replacement",
    response_model=DisputeView | ArrivalView,
)
async def receive_replacement(
    dispute_id: str,
    caller: Annotated[CommandContext, command("buyer", "seller", "service")],
    body: ReplacementReceiptBody | None = None,
) -> Response:
    """It has come, by the buyer's word or a carrier's: an agreement ends with it, a decision once nobody can appeal it
    (T40). A service, which reads no dispute, is told whether that was news.
    """
    told = body or ReplacementReceiptBody()
    if not caller.actor.roles.isdisjoint(PARTIES):
        receipt = caller.command(ReceiveReplacement, told, dispute_id=dispute_id)
        return await answer(caller, await carry_out(caller, receipt))
    outcome = await caller.handle(caller.command(NoteArrival, told, dispute_id=dispute_id))
    arrival: ArrivalView = {
        "dispute_id": dispute_id,
        "version": outcome.versions[0],
        "recorded": bool(outcome.events),
    }
    return command_response(outcome, arrival)


@router.get("/v1/disputes/{dispute_id}", summary="Show a dispute", response_model=DisputeView)
async def show(dispute_id: str, viewer: Annotated[QueryContext, query()], as_of: Moment | None = None) -> Response:
    """Read from the stream: always up to date, or as it stood at an instant."""
    happened, said = await histories(viewer.state.store, dispute_id, as_of)
    now = as_of or viewer.at
    view = dispute_view(await _fold(happened), len(happened), viewer.actor, now, await conversation(said))
    return query_response(view, len(happened))


@router.get("/v1/disputes/{dispute_id}/history", summary="Show what happened", response_model=Page[HistoryEntry])
async def show_history(
    dispute_id: str,
    viewer: Annotated[QueryContext, query()],
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
    as_of: Moment | None = None,
) -> Response:
    """One entry an event that is for the viewer, in order, with `rules` and the page of each in `rule_links`; a version
    that is missing was a step of the platform's people among themselves. The last entry of a finished dispute says why
    it ended, and what came later stands in the dispute's `after_close` (S52).
    """
    happened, _ = await histories(viewer.state.store, dispute_id, as_of)
    dispute = await _fold(happened)
    dispute.parties.guard(viewer.actor, "dispute")
    pool = viewer.state.pool
    await wait_for_position(pool, dispute_history.NAME, at_least_position)
    listing = Listing("history", (dispute_id, as_of))
    (after,) = listing.read(cursor, int) or (0,)
    actions = actions_told(looks_as(dispute, viewer.actor))
    rows = await dispute_history.page(pool, dispute_id, actions, after, limit + 1)
    last = dispute.end or (len(happened) if as_of else None)
    rows = [row for row in rows if last is None or row["version"] <= last]
    entry = partial(history_entry, dispute=dispute, actor=viewer.actor)
    return query_response(listing.page(rows, limit, entry, lambda row: (row["version"],)))


@router.get("/v1/disputes/{dispute_id}/texts/{ref}", summary="Read a text of a dispute", response_model=TextView)
async def show_text(dispute_id: str, ref: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """What a party wrote: never in an event, gone once it is erased. The seller's address is for who sends goods."""
    happened, said = await histories(viewer.state.store, dispute_id)
    dispute = await _fold(happened)
    dispute.parties.guard(viewer.actor, "dispute")
    messages = (await conversation(said)).seen_by(looks_as(dispute, viewer.actor))
    refs = _refs(dispute, happened, viewer.actor) | {message.text_ref for message in messages}
    return query_response(await find_text(viewer.state.pool, ref, refs))


@router.get("/v1/disputes", summary="List disputes", response_model=Page[DisputeRow])
async def list_disputes(
    viewer: Annotated[QueryContext, query()],
    state: DisputeState | None = None,
    order_id: str | None = None,
    role: Side | None = None,
    due_before: Moment | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
    as_of: Moment | None = None,
) -> Response:
    """The newest first: a party's own, with `role` on that side alone, or all for those who oversee. Each says what it
    came to and how far its refund is. With `as_of` as they stood at that instant: a page
    may then be shorter than its limit, and the next one is there as long as `next_cursor` is.
    """
    pool = viewer.state.pool
    await wait_for_position(pool, disputes.NAME, at_least_position)
    shown = partial(dispute_row, actor=viewer.actor)
    listing = Listing("disputes", (state, order_id, role, due_before, as_of))
    before = listing.read(cursor, datetime, str)
    wanted = disputes.DisputeFilter(
        order_id, state, due_before, *own_sides(viewer.actor, role), before, *barred_from(viewer.actor)
    )
    if as_of:
        rows, then = await page_as_of(viewer, wanted, as_of, limit + 1)
        return query_response({**listing.page(rows, limit, shown, _place), "data": [*map(shown, then)]})
    return query_response(listing.page(await disputes.page(pool, wanted, limit + 1), limit, shown, _place))


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["opened_at"].isoformat(), row["dispute_id"]


async def _fold(history: Sequence[Recorded[Event]]) -> Dispute:
    state: Dispute = await folded(decider, "dispute", history)
    return state


def _refs(dispute: Dispute, history: Sequence[Recorded[Event]], actor: Actor) -> set[str]:
    """Every text that the actor reads in the dispute's events, but for the captions of what others have taken back."""
    looking = looks_as(dispute, actor)
    told = ((snake_case(type(recorded.event).__name__), recorded.event.model_dump(mode="json")) for recorded in history)
    refs = {ref for action, detail in told for ref in visible_refs(action, detail, looking)}
    return refs - dispute.evidence.hidden_captions(looking)
