"""Routes of a dispute's conversation: a message, and the list of those that concern its reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from starlette.responses import Response

from dispute.api.answers import answer, conversation, histories
from dispute.api.bodies.conversation import MessageBody
from dispute.domain.conversations.messages import PostMessage
from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.visibility import looks_as
from dispute.views.conversation import MessageView, message_view
from dispute.views.disputes.members import DisputeView
from shared.events.base import Actor, Event
from shared.events.envelope import Recorded
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.views import Page

router = Router("conversation")

Writer = Annotated[CommandContext, command("buyer", "seller", "case_team")]


@router.post(
    "/v1/disputes/{dispute_id}/messages", summary="Write a message", status_code=201, response_model=DisputeView
)
async def post_message(dispute_id: str, body: MessageBody, caller: Writer) -> Response:
    """In every state but the closed one (S44). The dispute's version stays as it is, but where the message shows a file
    that is not with the dispute yet.
    """
    happened, _ = await histories(caller.state.store, dispute_id)
    dispute = await _known(happened, caller.actor)
    ids = {"dispute_id": dispute_id, "order_id": dispute.opened.order_id}
    outcome = await caller.handle(caller.command(PostMessage, body, **ids))
    return await answer(caller, outcome, 201, "/messages")


@router.get("/v1/disputes/{dispute_id}/messages", summary="List the messages", response_model=Page[MessageView])
async def list_messages(
    dispute_id: str, viewer: Annotated[QueryContext, query()], limit: Limit = 25, cursor: Cursor = None
) -> Response:
    """Those that concern the reader, the oldest first; read from the stream: always up to date."""
    happened, said = await histories(viewer.state.store, dispute_id)
    dispute = await _known(happened, viewer.actor)
    seen = (await conversation(said)).seen_by(looks_as(dispute, viewer.actor))
    listing = Listing("messages", (dispute_id,))
    (place,) = listing.read(cursor, int) or (0,)
    rows = [*enumerate(seen, 1)][place : place + limit + 1]
    path = f"/v1/disputes/{dispute_id}"
    return query_response(listing.page(rows, limit, lambda row: message_view(row[1], path), lambda row: (row[0],)))


async def _known(happened: Sequence[Recorded[Event]], actor: Actor) -> Dispute:
    """The dispute, to whom it is not a stranger's."""
    state: Dispute = await folded(decider, "dispute", happened)
    state.parties.guard(actor, "dispute")
    return state
