"""Standing texts: what a request says again, word for word; no event holds a text to compare it with."""

from __future__ import annotations

from dispute.api.bodies.disputes import ModificationBody, ResponseBody
from dispute.domain.decider import decider
from dispute.domain.disputes.negotiation import RespondToDispute
from dispute.domain.disputes.state import Dispute
from shared.eventstore.folding import folded
from shared.eventstore.personal import standing_text
from shared.http.caller import CommandContext


async def without_standing_text(caller: CommandContext, dispute_id: str, body: ModificationBody) -> ModificationBody:
    """The body, without a description that the dispute has already (S43)."""
    said = body.model_dump(include={"description"})["description"]
    if said is None:
        return body
    dispute = await _fold(caller, dispute_id)
    standing = await standing_text(caller.state.pool, dispute.description_ref)
    return body.model_copy(update={"description": None}) if said == standing else body


async def response(caller: CommandContext, dispute_id: str, body: ResponseBody) -> RespondToDispute:
    """The seller's answer; an address that is that of the standing offer is the same one, and not another (S42)."""
    command = caller.command(RespondToDispute, body, dispute_id=dispute_id)
    if not (command.solution and command.solution.address):
        return command
    offer = (await _fold(caller, dispute_id)).offer
    ref = offer.address_ref if offer else None
    same = command.solution.address == await standing_text(caller.state.pool, ref)
    return command.model_copy(update={"standing_address_ref": ref}) if same else command


async def _fold(caller: CommandContext, dispute_id: str) -> Dispute:
    (history,) = await caller.state.store.load(f"dispute-{dispute_id}")
    dispute: Dispute = await folded(decider, "dispute", history)
    return dispute
