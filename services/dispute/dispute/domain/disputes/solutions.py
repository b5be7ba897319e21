"""Solutions of a dispute: all that the sides have asked for and offered and the case team ruled, in all rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispute.domain.disputes.case import BY_THE_TEAM
from shared.events import dispute, mediation
from shared.events.base import Event
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


@dataclass(frozen=True, slots=True)
class Listed:
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
    match event:
        case dispute.DisputeOpened():
            return _put(listed, BUYER, event.request, event.opened_at)
        case dispute.RequestModified():
            return _put(_declined(listed, SELLER), BUYER, event.request, event.modified_at)
        case dispute.SolutionProposed():
            return _put(listed, event.by, event.solution, event.proposed_at)
        case dispute.SolutionReached() if event.reached_type in BY_THE_TEAM:
            return _put(listed, PLATFORM, event.solution, event.reached_at)
        case dispute.SolutionReached():
            return _agreed(listed, event.solution)
        case dispute.Escalated():
            return _asked_again(_declined(listed, SELLER, PLATFORM))
        case _:
            return _ended(listed, event)


def _ended(listed: Solutions, event: Event) -> Solutions:
    match event:
        case mediation.AppealDecided() if event.ruling.type is None:
            return _declined(listed, PLATFORM)
        case SupportOverrideApplied(ruling=mediation.Ruling(type=kind)):
            return _declined(listed, BUYER, SELLER, *(() if kind else (PLATFORM,)))
        case mediation.DecisionIssued() | dispute.DisputeClosed():
            return _declined(listed, BUYER, SELLER)
        case dispute.CancellationNoted():
            return _declined(listed, BUYER, SELLER, PLATFORM)
        case _:
            return listed


def _put(listed: Solutions, by: str, solution: dispute.Solution, at: datetime) -> Solutions:
    """One more of this side, in the place of the one that stands."""
    version = len(of_side(listed, by)) + 1
    return (*_now(listed, Standing.REPLACED, by), Listed(by, version, solution, at))


def _declined(listed: Solutions, *sides: str) -> Solutions:
    return _now(listed, Standing.DECLINED, *sides)


def _now(listed: Solutions, state: Standing, *sides: str) -> Solutions:
    """What stands of these sides is now that."""
    stands = Standing.STANDING
    return tuple(replace(x, state=state) if x.state == stands and x.by in sides else x for x in listed)


def _agreed(listed: Solutions, solution: dispute.Solution) -> Solutions:
    """Of the two that stand, the one that was agreed on."""
    taken = {x.by for x in listed if x.state == Standing.STANDING and x.solution == solution}
    return _declined(_now(listed, Standing.ACCEPTED, *taken), BUYER, SELLER)


def _asked_again(listed: Solutions) -> Solutions:
    """What the buyer asked for last is what the seller may still grant (T43)."""
    last = len(of_side(listed, BUYER))
    return tuple(replace(x, state=Standing.STANDING) if (x.by, x.version) == (BUYER, last) else x for x in listed)
