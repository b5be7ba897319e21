"""Messages: the parties and the case team write to each other while a dispute is open (T12, S44)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.conversations.state import BUYER, CASE_TEAM, SELLER, Conversation
from dispute.domain.disputes.evidence import NamingEvidence, guard_addition, named_by
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.evidence.naming import named_streams
from dispute.domain.evidence.state import Evidence
from dispute.domain.rejections import TooManyItems
from shared.decider import Decided
from shared.events.base import Actor, Event, Personal, StreamName, StreamOfKey
from shared.events.fields import EvidenceIds, Text
from shared.events.ids import derived_id
from shared.events.mediation.conversation import Addressee, MessagePosted
from shared.rejections import ValidationFailed, guard_text

SIDES = (BUYER, SELLER, CASE_TEAM)
MOST = 500
"""Messages of a side in a dispute: none can fill the stream of all."""


class ConversationCommand(NamingEvidence):
    """A command that decides on a dispute and its conversation; the edge has looked up the order, the key of both."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        dispute = f"dispute-{self.dispute_id}"
        conversation = StreamName(f"conversation-{self.dispute_id}", self.order_id)
        return (StreamName(dispute), conversation, *named_streams(self.evidence, dispute))


class PostMessage(ConversationCommand):
    """A message of one side to the others."""

    text: Annotated[str, Text(2000)]
    to: Addressee = Addressee.ALL
    evidence: EvidenceIds = ()

    @property
    def text_ref(self) -> str:
        return text_ref(self, "text")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


def post(command: PostMessage, dispute: Dispute, conversation: Conversation, *evidence: Evidence) -> Decided:
    """The dispute's version stays, but where the message shows a file that is not with the dispute yet (T11)."""
    guard(Step.MESSAGE, dispute, command.actor, command.at)
    guard_text(text=command.text)
    by = side_of(dispute, command.actor)
    guard_addressee(command.to, by)
    guard_room(conversation, by)
    shown = named_by(command, dispute, by, evidence)
    if shown.added:
        guard_addition(dispute, command.actor, command.at)
    posted = MessagePosted(
        dispute_id=command.dispute_id,
        message_id=derived_id("msg", dispute.opened.order_id, command.command_id),
        buyer_id=dispute.opened.buyer_id,
        seller_id=dispute.opened.seller_id,
        by=by,
        to=command.to,
        told=told(command.to, by),
        text_ref=command.text_ref,
        evidence=command.evidence,
        posted_at=command.at,
        rules=("S44", "T12"),
    )
    streams: tuple[Sequence[Event], ...] = (shown.added, [posted], *shown.by_stream)
    return streams


def side_of(dispute: Dispute, actor: Actor) -> str:
    """As whom somebody writes; of one who is several, as the party."""
    roles = dispute.parties.acting(actor)
    return next(side for side in SIDES if side in roles)


def guard_addressee(to: Addressee, by: str) -> None:
    """Nobody writes to himself."""
    if to == by:
        raise ValidationFailed.at("/to", "not_expected", "this is your own side", "S44")


def guard_room(conversation: Conversation, by: str) -> None:
    """Each side has so many messages."""
    if (there := conversation.of_side(by)) >= MOST:
        raise TooManyItems(f"A side writes at most {MOST} messages in a dispute.", max_items=MOST, items=there)


def told(to: Addressee, by: str) -> tuple[str, ...]:
    """The parties that are told: to whom it is written, and never who wrote it (S54)."""
    return tuple(side for side in (BUYER, SELLER) if side != by and to in (Addressee.ALL, side))
