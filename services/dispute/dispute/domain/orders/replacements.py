"""Replacements: what sellers promise to send anew of their own accord, and how far each has come (S20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from shared.events.order import GoodwillReplacementGranted, GoodwillReplacementReceived, GoodwillReplacementShipped

ReplacementStep = GoodwillReplacementGranted | GoodwillReplacementShipped | GoodwillReplacementReceived
REPLACED = (GoodwillReplacementGranted, GoodwillReplacementShipped, GoodwillReplacementReceived)


@dataclass(frozen=True, slots=True)
class Replacement:
    """One that was given; it may come without a word of its parcel."""

    granted: GoodwillReplacementGranted
    shipped: GoodwillReplacementShipped | None = None
    received: GoodwillReplacementReceived | None = None

    @property
    def state(self) -> Literal["promised", "sent", "received"]:
        """How far it has come."""
        return "received" if self.received else "sent" if self.shipped else "promised"


Replacements = Mapping[str, Replacement]
"""By the id of the goodwill, the oldest first."""


def replaced(given: Replacements, event: ReplacementStep) -> Replacements:
    """With one step more."""
    match event:
        case GoodwillReplacementGranted():
            now = Replacement(event)
        case GoodwillReplacementShipped():
            now = replace(given[event.goodwill_id], shipped=event)
        case GoodwillReplacementReceived():
            now = replace(given[event.goodwill_id], received=event)
    return {**given, event.goodwill_id: now}
