"""Views of a conversation for one who looks: the messages, and how many there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from typing_extensions import TypedDict

from dispute.domain.conversations.state import Conversation
from shared.events.base import Instant
from shared.events.mediation.conversation import Addressee, MessagePosted
from shared.events.open_enums import Open
from shared.views import TextLink


class MessagesView(TypedDict):
    """Where the messages are, how many the reader sees, and when the last of them was written."""

    href: str
    count: int
    last_at: Instant | None


class MessageView(TypedDict):
    """A message: which side wrote it, and to whom."""

    id: str
    by: str
    to: Open[Addressee]
    at: Instant
    text: TextLink
    evidence: Sequence[str]


def messages_view(conversation: Conversation, path: str, looking: Collection[str]) -> MessagesView:
    """The conversation, as those who look this way see it."""
    seen = conversation.seen_by(looking)
    return {"href": f"{path}/messages", "count": len(seen), "last_at": seen[-1].posted_at if seen else None}


def message_view(message: MessagePosted, path: str) -> MessageView:
    """One message; its text is read apart."""
    return {
        "id": message.message_id,
        "by": message.by,
        "to": message.to,
        "at": message.posted_at,
        "text": {"ref": message.text_ref, "href": f"{path}/texts/{message.text_ref}"},
        "evidence": message.evidence,
    }
