"""State of a dispute's conversation: what was said, and whom each message concerns (S44)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events.base import Event
from shared.events.mediation.conversation import Addressee, MessagePosted
from shared.parties import NOBODY, Parties

BUYER, SELLER, CASE_TEAM = "buyer", "seller", "case_team"
PLATFORM = "platform"
"""As whom the platform's people look: they judge by all that was said."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The fold of one conversation's stream."""

    messages: tuple[MessagePosted, ...] = ()

    @property
    def parties(self) -> Parties:
        """Those of the dispute that it is about."""
        if not self.messages:
            return NOBODY
        first = self.messages[0]
        return Parties("dispute", first.buyer_id, (first.seller_id,))

    def of_side(self, by: str) -> int:
        """How many messages a side has written."""
        return sum(message.by == by for message in self.messages)

    def seen_by(self, looking: Collection[str]) -> Sequence[MessagePosted]:
        """The messages that concern those who look this way."""
        return [message for message in self.messages if concerns(message, looking)]

    def due(self, _: str) -> datetime | None:
        """Nothing of it falls due."""
        return None


def evolve(conversation: Conversation, event: Event) -> Conversation:
    """The conversation with one message more."""
    if not isinstance(event, MessagePosted):
        return conversation
    return Conversation((*conversation.messages, event))


def concerns(message: MessagePosted, looking: Collection[str]) -> bool:
    """Who wrote it, to whom it is written, and the platform's people."""
    return PLATFORM in looking or message.by in looking or message.to == Addressee.ALL or message.to in looking
