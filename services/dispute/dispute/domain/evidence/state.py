"""State of an item of evidence: whose it is, to which dispute it was added, and whether it still counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from shared.decider import Clear, Start
from shared.events import evidence as events
from shared.events.base import Actor, Event


class EvidenceState(StrEnum):
    """Where an item stands."""

    UNATTACHED = "unattached"
    ATTACHED = "attached"
    REMOVED = "removed"
    EXPIRED = "expired"


KINDS = (DeadlineKind.EVIDENCE_EXPIRY,)
"""Of an item's deadlines."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fold of one item's stream; who looked at it changes nothing."""

    first_event: events.EvidenceUploaded | None = None
    state: EvidenceState | None = None
    dispute_id: str | None = None
    report_id: str | None = None
    warranty_id: str | None = None

    @property
    def uploaded(self) -> events.EvidenceUploaded:
        """What was recorded when it came; only of an item that exists."""
        assert self.first_event
        return self.first_event

    @property
    def item(self) -> events.EvidenceItem:
        return self.uploaded.item

    def is_of(self, actor: Actor) -> bool:
        """Whether the actor sent it."""
        uploaded = self.first_event
        return bool(uploaded and uploaded.party_id == actor.id and uploaded.item.by in actor.roles)

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        waits = kind == DeadlineKind.EVIDENCE_EXPIRY and self.state == EvidenceState.UNATTACHED
        return self.uploaded.expires_at if waits else None


def evolve(evidence: Evidence, event: Event) -> Evidence:
    match event:
        case events.EvidenceUploaded():
            return replace(evidence, first_event=event, state=EvidenceState.UNATTACHED)
        case events.EvidenceAdded():
            named_by = {name: getattr(event, name) for name in ("dispute_id", "report_id", "warranty_id")}
            return replace(evidence, state=EvidenceState.ATTACHED, **named_by)
        case events.EvidenceRemoved():
            return replace(evidence, state=EvidenceState.REMOVED)
        case events.EvidenceExpired():
            return replace(evidence, state=EvidenceState.EXPIRED)
        case _:
            return evidence


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """An item that no form names runs out."""
    match event:
        case events.EvidenceUploaded():
            return (Start(DeadlineKind.EVIDENCE_EXPIRY, event.expires_at),)
        case events.EvidenceAdded() | events.EvidenceRemoved() | events.EvidenceExpired():
            return map(Clear, KINDS)
        case _:
            return ()
