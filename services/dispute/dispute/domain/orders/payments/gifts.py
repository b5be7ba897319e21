"""Gifts: what a seller gives of what it was paid is asked of it first, and promised meanwhile; goods are promised alone
(S20, K19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from dispute.domain.orders.line import Line
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled
from shared.events.order import (
    GoodwillGranted,
    GoodwillReplacementGranted,
    GoodwillReplacementReceived,
    GoodwillReplacementShipped,
)

Asked = ClawbackRequested | ClawbackSettled | ClawbackFailed
CLAWBACKS = (ClawbackRequested, ClawbackSettled, ClawbackFailed)
"""What is asked of a seller without a dispute ends, and is never withdrawn."""
ReplacementStep = GoodwillReplacementGranted | GoodwillReplacementShipped | GoodwillReplacementReceived
REPLACED = (GoodwillReplacementGranted, GoodwillReplacementShipped, GoodwillReplacementReceived)
GIVEN = (GoodwillGranted, *CLAWBACKS, *REPLACED)
"""What a seller gives, and what comes of it."""


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


@dataclass(frozen=True, slots=True)
class Gifts:
    """What sellers are asked for because they want to give it, the oldest first; some of it has `ended`, by id. And the
    goods that they want to send anew.
    """

    requested: tuple[ClawbackRequested, ...] = ()
    ended: Mapping[str, ClawbackSettled | ClawbackFailed] = field(default_factory=dict)
    replacements: Replacements = field(default_factory=dict)

    @property
    def waiting(self) -> tuple[ClawbackRequested, ...]:
        """What has not come yet, of any seller."""
        return tuple(back for back in self.requested if back.clawback_id not in self.ended)

    def find(self, clawback_id: str) -> ClawbackRequested | None:
        """The one of this name."""
        return next((back for back in self.requested if back.clawback_id == clawback_id), None)

    def after(self, event: Asked) -> Gifts:
        """With one event more."""
        if isinstance(event, ClawbackRequested):
            return replace(self, requested=(*self.requested, event))
        return replace(self, ended={**self.ended, event.clawback_id: event})


class Giving(Protocol):
    """What an order knows of it."""

    @property
    def goodwill(self) -> tuple[GoodwillGranted, ...]: ...
    @property
    def gifts(self) -> Gifts: ...
    @property
    def lines(self) -> Mapping[str, Line]: ...


def with_gift(order: Giving, event: GoodwillGranted | Asked | ReplacementStep) -> Mapping[str, Any]:
    """What changes of an order. What is asked of a seller is the line's again, so that no dispute by law reaches it;
    what does not come is the seller's.
    """
    if isinstance(event, GoodwillGranted):
        return {"goodwill": (*order.goodwill, event)}
    if isinstance(event, REPLACED):
        return {"gifts": replace(order.gifts, replacements=_replaced(order.gifts.replacements, event))}
    now = dict(order.lines)
    for part in () if isinstance(event, ClawbackSettled) else event.lines:
        line = now[part.line_id]
        is_asked = isinstance(event, ClawbackRequested)
        reclaimed = line.reclaimed + part.amount if is_asked else line.reclaimed - part.amount
        now[part.line_id] = replace(line, reclaimed=reclaimed)
    return {"gifts": order.gifts.after(event), "lines": now}


def _replaced(given: Replacements, event: ReplacementStep) -> Replacements:
    """With one step more."""
    match event:
        case GoodwillReplacementGranted():
            now = Replacement(event)
        case GoodwillReplacementShipped():
            now = replace(given[event.goodwill_id], shipped=event)
        case GoodwillReplacementReceived():
            now = replace(given[event.goodwill_id], received=event)
    return {**given, event.goodwill_id: now}
