"""Evidence of a dispute: the parties add and remove items, and look at each other's (T11, S37, S38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from dispute.domain.commands import DisputeAndOrderCommand, DisputeCommand
from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.evidence.limits import guard_number
from dispute.domain.evidence.naming import Named, Naming, addition, named, named_streams
from dispute.domain.evidence.state import Evidence, EvidenceState
from dispute.domain.evidence.upload import SendEvidence, guard_file, guard_own, side_of, viewed
from dispute.domain.evidence.visibility import Part, looks_as, visible_role
from shared.events.base import Actor, Event, StreamName, StreamOfKey
from shared.events.evidence import EvidenceRemoved
from shared.events.fields import EvidenceIds
from shared.rejections import DeadlinePassed, NotFound, WrongPhase, guard_text

ENDS_ADDITION: Mapping[DisputeState | None, Sequence[DeadlineKind]] = {
    DisputeState.AWAITING_SELLER: (DeadlineKind.SELLER_RESPONSE,),
    DisputeState.AWAITING_BUYER: (DeadlineKind.BUYER_RESPONSE, DeadlineKind.NEGOTIATION),
    DisputeState.ESCALATED: (DeadlineKind.EVIDENCE,),
}
"""G8: by state, behind the first of these that stands the dispute is in another one, fired or not."""
GIVES_BACK = (DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER, DisputeState.ESCALATED)
"""T11: the states in which the parties take back their own evidence, and add more."""
TAKES_EVIDENCE = (*GIVES_BACK, DisputeState.APPEAL_REVIEW)
"""T11: the states in which the parties add evidence."""


class AddEvidence(SendEvidence):
    """A file for a dispute, whose order the sender need not know: the edge has looked it up."""

    dispute_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"dispute-{self.dispute_id}"), self.item_stream)


class OfDispute(DisputeCommand):
    """A command on an item of a dispute."""

    evidence_id: str

    @property
    def item_stream(self) -> StreamName:
        return StreamName(f"evidence-{self.evidence_id}")


class RemoveEvidence(OfDispute):
    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"dispute-{self.dispute_id}"), self.item_stream)


class ViewEvidence(OfDispute):
    @property
    def streams(self) -> Sequence[StreamName]:
        return (self.item_stream, StreamName(f"dispute-{self.dispute_id}"))


def guard_addition(dispute: Dispute, actor: Actor, at: datetime) -> str:
    """G8 and T11: as which party the actor adds evidence now (S38)."""
    by = side_of(dispute.parties, actor, "dispute")
    WrongPhase.unless_in("dispute", dispute.state, *TAKES_EVIDENCE)
    guard_not_complete(dispute, by)
    DeadlinePassed.unless_before(addition_until(dispute), at)
    return by


def addition_until(dispute: Dispute) -> datetime | None:
    """Until when evidence is added in this state."""
    return dispute.first_due(*ENDS_ADDITION.get(dispute.state, ()))


def guard_not_complete(dispute: Dispute, by: str) -> None:
    """T42: who has said that nothing more comes adds and takes back nothing, unless asked anew (T14)."""
    if dispute.state == DisputeState.ESCALATED and by in dispute.case.complete:
        raise WrongPhase("You have said that nothing more comes.", state=dispute.state)


def add(command: AddEvidence, dispute: Dispute, _: Evidence) -> tuple[list[Event], list[Event]]:
    """The item belongs to the dispute from the beginning."""
    by = guard_addition(dispute, command.actor, command.at)
    escalated = dispute.state == DisputeState.ESCALATED
    guard_text(caption=command.caption)
    guard_file(command.file, dispute.terms, escalated)
    guard_number(dispute.terms, len(dispute.evidence.standing(by)))
    uploaded = command.uploaded(by, dispute.terms, ("S32",))
    added = addition(command.dispute_id, uploaded.item, command.at)
    return [added], [uploaded, added]


def remove(command: RemoveEvidence, dispute: Dispute, evidence: Evidence) -> tuple[list[Event], list[Event]]:
    """Who added it takes it back: that it was there stays (S37)."""
    side_of(dispute.parties, command.actor, "dispute")
    if dispute.evidence.find(command.evidence_id) is None:
        raise NotFound("There is no such evidence.")
    guard_own(evidence, command.actor)
    guard_addition(dispute, command.actor, command.at)
    WrongPhase.unless_in("dispute", dispute.state, *GIVES_BACK)
    WrongPhase.unless_in("evidence", evidence.state, EvidenceState.ATTACHED)
    removed = EvidenceRemoved(
        evidence_id=command.evidence_id, dispute_id=command.dispute_id, removed_at=command.at, rules=("S37", "T11")
    )
    return [removed], [removed]


def view(command: ViewEvidence, evidence: Evidence, dispute: Dispute) -> tuple[list[Event], list[Event]]:
    """Who looked at its bytes is recorded with the item, so that the dispute's version stays."""
    viewers = looks_as(evidence, command.actor, command.dispute_id, dispute.parties)
    role = visible_role(viewers, evidence, Part.BYTES)
    return [viewed(command, command.evidence_id, role)], []


class NamingEvidence(DisputeAndOrderCommand):
    """A form that names items; it declares `evidence` itself, as a field of its body."""

    evidence: EvidenceIds = ()

    @cached_property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (*super().streams, *named_streams(self.evidence, f"dispute-{self.dispute_id}"))


def shown_by(command: NamingEvidence, dispute: Dispute, by: str, evidence: Sequence[Evidence]) -> Named:
    """What the form of a party names for the dispute as it stands; under review nobody adds anything (T11, T14)."""
    if command.evidence and dispute.state == DisputeState.UNDER_REVIEW:
        raise WrongPhase("Nothing is gathered while the case is under review.", state=dispute.state)
    return named_by(command, dispute, by, evidence)


def named_by(command: NamingEvidence, dispute: Dispute, by: str, evidence: Sequence[Evidence]) -> Named:
    """What a form of this side names, whatever the dispute's state."""
    if not command.evidence:
        return Named([], [], ())
    form = Naming(
        command.actor,
        by,
        command.at,
        command.dispute_id,
        dispute.opened.order_id,
        dispute.terms,
        dispute.state == DisputeState.ESCALATED,
        dispute.evidence,
    )
    found = named(form, command.evidence, f"dispute-{command.dispute_id}", evidence)
    if found.added:
        guard_not_complete(dispute, by)
    return found
