"""Deadlines of disputes and orders: their kinds, and the timer's command that asks whether one has passed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from shared import decider
from shared.events.base import StreamName, StreamOfKey


class DeadlineKind(StrEnum):
    """A deadline of this service; a stream has at most one of each kind."""

    SELLER_RESPONSE = "seller_response"
    """D1: then the seller was silent."""
    BUYER_RESPONSE = "buyer_response"
    """D2: then the buyer was silent."""
    NEGOTIATION = "negotiation"
    """D4: then there was no agreement; it rests while the seller is to answer (T7)."""
    PROTECTION_END = "protection_end"
    """P: until then a dispute may be opened."""
    RELEASE = "release"
    """R: then the seller is paid for what nothing holds."""


class ExpireDeadline(decider.ExpireDeadline):
    """The buyer's silence may end the dispute, and with it the hold on the order's lines."""

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        order = (StreamOfKey("order"),) if self.kind == DeadlineKind.BUYER_RESPONSE else ()
        return (*super().streams, *order)
