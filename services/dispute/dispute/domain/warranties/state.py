"""State of a warranty claim: what is claimed by which right, what was found, and what was done (T41)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from shared.decider import Clear, Start
from shared.events import warranty as events
from shared.events.base import Event
from shared.events.open_enums import known
from shared.events.order import Remedy
from shared.parties import NOBODY, Parties


class ClaimState(StrEnum):
    """Where a claim stands; the last two are its ends."""

    OPENED = "opened"
    ASSESSED = "assessed"
    REFUSED = "refused"
    FULFILLED = "fulfilled"


KINDS = (DeadlineKind.WARRANTY_ASSESSMENT,)
"""Of a claim's deadlines."""


@dataclass(frozen=True, slots=True)
class WarrantyClaim:
    """The fold of one claim's stream; `overdue` are the alarms that went off before it was assessed (D14)."""

    first_event: events.WarrantyClaimOpened | None = None
    review_until: datetime | None = None
    overdue: tuple[events.WarrantyReviewOverdue, ...] = ()
    assessed: events.WarrantyAssessed | None = None
    fulfilled: events.WarrantyFulfilled | None = None

    @property
    def opened(self) -> events.WarrantyClaimOpened:
        """What was claimed; only of a claim that exists."""
        assert self.first_event
        return self.first_event

    @property
    def state(self) -> ClaimState | None:
        """None before it is opened."""
        if self.fulfilled:
            return ClaimState.FULFILLED
        if self.assessed:
            refused = known(self.assessed.result) == events.WarrantyResult.REFUSED
            return ClaimState.REFUSED if refused else ClaimState.ASSESSED
        return ClaimState.OPENED if self.first_event else None

    @property
    def parties(self) -> Parties:
        """The buyer, and the seller of the one line."""
        opened = self.first_event
        return Parties("warranty", opened.buyer_id, {opened.seller_id}) if opened else NOBODY

    def right_to(self, remedy: Remedy) -> events.ClaimedRight | None:
        """The right by which this can be had: the best one where it gives it, else another (K11)."""
        giving = [right for right in self.opened.rights if right.granted and remedy in right.remedies]
        return min(giving, key=lambda right: right.right != self.opened.best, default=None)

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        waits = kind == DeadlineKind.WARRANTY_ASSESSMENT and self.state == ClaimState.OPENED
        return self.review_until if waits else None


def evolve(claim: WarrantyClaim, event: Event) -> WarrantyClaim:
    match event:
        case events.WarrantyClaimOpened():
            return replace(claim, first_event=event, review_until=event.review_until)
        case events.WarrantyReviewOverdue():
            return replace(claim, review_until=event.review_until, overdue=(*claim.overdue, event))
        case events.WarrantyAssessed():
            return replace(claim, assessed=event)
        case events.WarrantyFulfilled():
            return replace(claim, fulfilled=event)
        case _:
            return claim


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """D14 runs until the assessment, and begins anew with each alarm."""
    match event:
        case events.WarrantyClaimOpened() | events.WarrantyReviewOverdue():
            return (Start(DeadlineKind.WARRANTY_ASSESSMENT, event.review_until),)
        case events.WarrantyAssessed():
            return (Clear(DeadlineKind.WARRANTY_ASSESSMENT),)
        case _:
            return ()
