"""Answers about a dispute: what a command answers, and the histories of which a query is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from starlette.responses import Response

from dispute.domain.commands import DisputeCommand
from dispute.domain.conversations.state import Conversation
from dispute.domain.decider import decider
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.eventstore.command_handling import Outcome
from shared.eventstore.folding import folded, until
from shared.eventstore.store import EventStore, History
from shared.http.caller import CommandContext
from shared.http.responses import command_response
from shared.rejections import NotFound

CREATED = 201


async def carry_out(caller: CommandContext, command: DisputeCommand) -> Outcome:
    """Carries the command out, and loads with it what was said, which its answer shows."""
    return await caller.handle(command, shown=(_conversation(command.dispute_id),))


async def answer(caller: CommandContext, outcome: Outcome, status: int = 200, item: str = "") -> Response:
    """The dispute as it stands behind the command; the address of what was made is that of the item."""
    said = outcome.shown[0] if outcome.shown else await _said(caller, outcome)
    return _answer(caller, outcome, await conversation(said), status, item)


def answer_opening(caller: CommandContext, outcome: Outcome) -> Response:
    """The dispute that is opened: nobody has written in it yet."""
    return _answer(caller, outcome, Conversation(), CREATED)


def _answer(caller: CommandContext, outcome: Outcome, said: Conversation, status: int, item: str = "") -> Response:
    view = dispute_view(outcome.states[0], outcome.versions[0], caller.actor, outcome.at, said)
    return command_response(outcome, view, status, f"{view['href']}{item}" if status == CREATED else None)


async def _said(caller: CommandContext, outcome: Outcome) -> History:
    """What was said until the command, so that a repeat is answered the same; all, where it changed nothing."""
    (history,) = await caller.state.store.load(_conversation(outcome.states[0].opened.dispute_id))
    return [recorded for recorded in history if recorded.position <= outcome.position or not outcome.events]


async def histories(
    store: EventStore, dispute_id: str, as_of: datetime | None = None
) -> tuple[Sequence[Recorded[Event]], Sequence[Recorded[Event]]]:
    """The dispute's history up to the instant, and its conversation's; NotFound where there is no dispute."""
    happened, said = await store.load(f"dispute-{dispute_id}", _conversation(dispute_id))
    if not (told := list(until(happened, as_of))):
        raise NotFound("There is no such dispute.")
    return told, list(until(said, as_of))


def _conversation(dispute_id: str) -> str:
    return f"conversation-{dispute_id}"


async def conversation(history: Sequence[Recorded[Event]]) -> Conversation:
    """The conversation that this history is."""
    state: Conversation = await folded(decider, "conversation", history)
    return state
