"""Solutions of a dispute: all that the sides have asked for and offered and the case team ruled, in all rounds,
and the parcel that comes in the place of the goods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.case import BY_THE_TEAM
from shared.events import dispute, mediation
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.ids import derived_id
from shared.events.mediation.proposals import SupportOverrideApplied

BUYER, SELLER, PLATFORM = "buyer", "seller", "platform"


class Standing(StrEnum):
    """What became of a solution."""

    STANDING = "standing"
    """It may be accepted, or is what the case team ruled last."""
    ACCEPTED = "accepted"
    REPLACED = "replaced"
    """Its own side has put another one in its place."""
    DECLINED = "declined"
    """The other side answered otherwise, or the dispute went on without it."""


class Listed(NamedTuple):
    """A solution as a side put it; the same side's next one is the next version."""

    by: str
    version: int
    solution: dispute.Solution
    at: datetime
    state: Standing = Standing.STANDING


Solutions = tuple[Listed, ...]


def solution_id(opened: dispute.DisputeOpened, by: str) -> str:
    """The id of a side's solution, the same for all its versions."""
    return derived_id("sol", opened.order_id, opened.dispute_id, by)


def of_side(listed: Solutions, by: str) -> Solutions:
    """All that one side has put forward."""
    return tuple(each for each in listed if each.by == by)


def after(listed: Solutions, event: Event) -> Solutions:
    """The solutions once this has happened too."""
    move = _MOVES.get(type(event))
    return move(listed, event) if move else listed


def _put(listed: Solutions, by: str, solution: dispute.Solution, at: datetime) -> Solutions:
    """One more of this side, in the place of the one that stands."""
    version = len(of_side(listed, by)) + 1
    return (*_now(listed, Standing.REPLACED, by), Listed(by, version, solution, at))


def _declined(listed: Solutions, *sides: str) -> Solutions:
    return _now(listed, Standing.DECLINED, *sides)


def _now(listed: Solutions, state: Standing, *sides: str) -> Solutions:
    """What stands of these sides is now that."""
    stands = Standing.STANDING
    return tuple(x._replace(state=state) if x.state == stands and x.by in sides else x for x in listed)


def _reached(listed: Solutions, event: dispute.SolutionReached) -> Solutions:
    """The case team's is another one; of the two that stand, the one that was agreed on."""
    if event.reached_type in BY_THE_TEAM:
        return _put(listed, PLATFORM, event.solution, event.reached_at)
    taken = {x.by for x in listed if x.state == Standing.STANDING and x.solution == event.solution}
    return _declined(_now(listed, Standing.ACCEPTED, *taken), BUYER, SELLER)


def _modified(listed: Solutions, event: dispute.RequestModified) -> Solutions:
    return _put(_declined(listed, SELLER), BUYER, event.request, event.modified_at)


def _asked_again(listed: Solutions, _: dispute.Escalated) -> Solutions:
    """What the buyer asked for last is what the seller may still grant (T43)."""
    listed, last = _declined(listed, SELLER, PLATFORM), len(of_side(listed, BUYER))
    return tuple(x._replace(state=Standing.STANDING) if (x.by, x.version) == (BUYER, last) else x for x in listed)


def _overridden(listed: Solutions, event: SupportOverrideApplied) -> Solutions:
    if event.ruling is None:
        return listed
    return _declined(listed, BUYER, SELLER, *(() if event.ruling.type else (PLATFORM,)))


_MOVES: Mapping[type[Event], Callable[[Solutions, Any], Solutions]] = {
    dispute.DisputeOpened: lambda listed, event: _put(listed, BUYER, event.request, event.opened_at),
    dispute.RequestModified: _modified,
    dispute.SolutionProposed: lambda listed, event: _put(listed, event.by, event.solution, event.proposed_at),
    dispute.SolutionReached: _reached,
    dispute.Escalated: _asked_again,
    dispute.CancellationNoted: lambda listed, _: _declined(listed, BUYER, SELLER, PLATFORM),
    dispute.DisputeClosed: lambda listed, _: _declined(listed, BUYER, SELLER),
    mediation.DecisionIssued: lambda listed, _: _declined(listed, BUYER, SELLER),
    mediation.AppealDecided: lambda listed, event: listed if event.ruling.type else _declined(listed, PLATFORM),
    SupportOverrideApplied: _overridden,
}
"""By event: what it changes of the solutions."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What comes in the place of the goods: until when (D13), while it is awaited, since when, and how far it is."""

    until: datetime | None = None
    agreed_at: datetime | None = None
    shipped: dispute.ReplacementShipped | None = None
    received_at: datetime | None = None

    @property
    def is_awaited(self) -> bool:
        return self.until is not None


def replaced(replacement: Replacement, event: Event) -> Replacement:
    """The replacement once this has happened too; another solution, or the case team, begins anew."""
    move = _OF_THE_PARCEL.get(type(event))
    return move(replacement, event) if move else replacement


def _put_off(replacement: Replacement, event: DeadlineMoved) -> Replacement:
    return replace(replacement, until=event.due_at) if event.kind == DeadlineKind.REPLACEMENT else replacement


_OF_THE_PARCEL: Mapping[type[Event], Callable[[Replacement, Any], Replacement]] = {
    dispute.SolutionReached: lambda _, event: Replacement(event.replacement_until, event.reached_at),
    dispute.ReplacementShipped: lambda replacement, event: replace(replacement, shipped=event),
    dispute.ReplacementReceived: lambda sent, event: replace(sent, until=None, received_at=event.received_at),
    dispute.ReplacementNotDue: lambda _, __: Replacement(),
    dispute.Escalated: lambda _, __: Replacement(),
    dispute.DisputeClosed: lambda replacement, _: replace(replacement, until=None),
    dispute.CancellationNoted: lambda replacement, _: replace(replacement, until=None),
    DeadlineMoved: _put_off,
}
"""By event: what it changes of the replacement."""
