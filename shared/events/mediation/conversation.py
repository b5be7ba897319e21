"""Events of a dispute's conversation. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.deadlines import DeadlineMoved
from shared.events.open_enums import Open


class Addressee(StrEnum):
    """To whom a message is written."""

    ALL = "all"
    BUYER = "buyer"
    SELLER = "seller"
    CASE_TEAM = "case_team"


class MessagePosted(Event):
    """One side wrote to the others, and `told` are the parties that are told of it; the text is beside the log
    (S44).
    """

    dispute_id: str
    message_id: str
    buyer_id: str
    seller_id: str
    by: str
    to: Open[Addressee]
    told: tuple[str, ...]
    text_ref: str
    evidence: tuple[str, ...]
    posted_at: Instant
    rules: tuple[str, ...]


ConversationEvent = MessagePosted | DeadlineMoved
