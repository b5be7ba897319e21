"""State of a dispute: who is to act, how far its solution is carried out, and which deadlines stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes import case as cases
from dispute.domain.disputes import progress, solutions
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.solutions import Replacement
from dispute.domain.disputes.timers import PAUSED
from dispute.domain.evidence.items import Items
from dispute.domain.orders.payments.hold import Chargebacks
from shared.decider import changed
from shared.events import dispute as events
from shared.events import mediation
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.evidence import CarrierScanAdded, EvidenceAdded, EvidenceRemoved
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.order import Terms
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.parties import NOBODY, Parties


class DisputeState(StrEnum):
    """Who is to act next (docs/rules/states.md)."""

    AWAITING_SELLER = "awaiting_seller"
    AWAITING_BUYER = "awaiting_buyer"
    ESCALATED = "escalated"
    UNDER_REVIEW = "under_review"
    AGREED = "agreed"
    DECIDED = "decided"
    APPEAL_REVIEW = "appeal_review"
    CLOSED = "closed"


SETTLED = (DisputeState.AGREED, DisputeState.DECIDED)
"""What is to be done is known, and nobody reviews it."""
STANDS: Mapping[str, tuple[DisputeState, ...]] = {
    DeadlineKind.SELLER_RESPONSE: (DisputeState.AWAITING_SELLER,),
    DeadlineKind.BUYER_RESPONSE: (DisputeState.AWAITING_BUYER,),
    DeadlineKind.NEGOTIATION: (DisputeState.AWAITING_BUYER,),
    DeadlineKind.EVIDENCE: (DisputeState.ESCALATED,),
    DeadlineKind.REVIEW: (DisputeState.UNDER_REVIEW,),
    DeadlineKind.APPEAL: (DisputeState.DECIDED, DisputeState.APPEAL_REVIEW),
    DeadlineKind.APPEAL_REVIEW: (DisputeState.APPEAL_REVIEW,),
    DeadlineKind.SURVEY: (DisputeState.DECIDED, DisputeState.APPEAL_REVIEW, DisputeState.CLOSED),
    DeadlineKind.REPLACEMENT: (DisputeState.AGREED, DisputeState.DECIDED, DisputeState.APPEAL_REVIEW),
}
"""By deadline: the states that wait for it; elsewhere it rests or is over."""
DATES: Mapping[str, str] = {
    DeadlineKind.SELLER_RESPONSE: "respond_by",
    DeadlineKind.BUYER_RESPONSE: "answer_by",
    DeadlineKind.NEGOTIATION: "negotiate_until",
    DeadlineKind.EVIDENCE: "evidence_until",
}
"""By deadline: where its instant is kept; those of the review are in the case."""


@dataclass(frozen=True)
class Dispute:
    """The fold of one dispute's stream: `version` is that of its last event, `end` that of its closing, `after_close`
    what was noted later, `goods` the lines that are to go back, `cancelled` that its order was (T45).
    """

    first_event: events.DisputeOpened | None = None
    parties: Parties = NOBODY
    state: DisputeState | None = None
    fulfilment: Fulfilment = Fulfilment.NONE
    round: int = 1
    reason: events.Reason | None = None
    request: events.Solution | None = None
    offer: events.Solution | None = None
    solutions: solutions.Solutions = ()
    description_ref: str | None = None
    seller_reason_ref: str | None = None
    respond_by: datetime | None = None
    answer_by: datetime | None = None
    negotiate_until: datetime | None = None
    evidence_until: datetime | None = None
    solution: events.SolutionReached | None = None
    escalated: events.Escalated | None = None
    escalation_from: datetime | None = None
    refunds: progress.Refunds = field(default_factory=dict)
    return_id: str | None = None
    goods: frozenset[str] = frozenset()
    returned: events.ReturnOutcome | None = None
    inspected: events.ReturnNoted | None = None
    received_at: datetime | None = None
    replacement: Replacement = Replacement()
    case: cases.Case = cases.Case()
    cancelled: events.CancellationNoted | None = None
    closed: events.DisputeClosed | None = None
    end: int | None = None
    after_close: tuple[progress.Noted | progress.Late, ...] = ()
    evidence: Items = Items()
    chargebacks: Chargebacks = Chargebacks()
    version: int = 0

    @property
    def opened(self) -> events.DisputeOpened:
        """What was recorded when it was opened; only of a dispute that exists."""
        assert self.first_event
        return self.first_event

    @property
    def terms(self) -> Terms:
        return self.opened.terms

    @property
    def goods_unsent(self) -> bool:
        """The goods are to go back, and nothing is on its way yet (T21)."""
        return self.state in SETTLED and self.fulfilment == Fulfilment.RETURN_PENDING

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        if self.state not in STANDS.get(kind, ()) or (self.chargebacks.open and kind in PAUSED):
            return None
        if kind == DeadlineKind.REPLACEMENT:
            return self.replacement.until
        return getattr(self, DATES[kind]) if kind in DATES else self.case.due(kind)

    def first_due(self, *kinds: str) -> datetime | None:
        """The instant of the first of these deadlines, of those that still stand."""
        return min([due for kind in kinds if (due := self.due(kind))], default=None)


def evolve(dispute: Dispute, event: Event) -> Dispute:
    """The dispute once this has happened too."""
    if isinstance(event, progress.Late) or (dispute.closed and isinstance(event, progress.Noted)):
        dispute = changed(dispute, after_close=(*dispute.after_close, event))
    since, version = _evolved(dispute, event), dispute.version + 1
    case = cases.after(dispute.case, event, version, since.state != dispute.state)
    listed, again = solutions.after(dispute.solutions, event), solutions.replaced(dispute.replacement, event)
    refunds = progress.counted_anew(since.refunds, event)
    return changed(since, case=case, solutions=listed, replacement=again, refunds=refunds, version=version)


def _evolved(dispute: Dispute, event: Event) -> Dispute:  # noqa: C901 - one arm an event
    match event:
        case events.DisputeOpened():
            return _opened(dispute, event)
        case events.SellerResponded():
            return _responded(dispute, event)
        case events.SolutionProposed():
            return changed(dispute, offer=event.solution)
        case events.RequestModified():
            return _modified(dispute, event)
        case events.SolutionReached():
            return _reached(dispute, event)
        case events.Escalated():
            return _escalated(dispute, event)
        case events.RefundDue():
            return changed(dispute, fulfilment=Fulfilment.REFUND_PENDING, refunds=progress.due(dispute.refunds, event))
        case events.CancellationNoted():
            return changed(dispute, state=DisputeState.AGREED, cancelled=event)
        case events.ReturnDue():
            goods = frozenset(line.line_id for line in event.lines)
            return changed(dispute, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id, goods=goods)
        case events.RefundNoted():
            return changed(dispute, **progress.with_note(dispute.fulfilment, dispute.refunds, event))
        case events.ReturnNoted():
            return changed(dispute, **progress.with_step(dispute.fulfilment, dispute.received_at, event))
        case events.DisputeClosed():
            return changed(dispute, state=DisputeState.CLOSED, closed=event, end=dispute.version + 1)
        case EvidenceAdded() | EvidenceRemoved() | CarrierScanAdded():
            return changed(dispute, evidence=dispute.evidence.after(event))
        case DeadlineMoved(kind=kind) if kind in DATES:
            return changed(dispute, **{DATES[kind]: event.due_at})
        case ExternalChargebackOpened() | ExternalChargebackResolved():
            return changed(dispute, chargebacks=dispute.chargebacks.after(event))
        case _ if outcome := progress.FULFILLED.get(type(event)):
            return changed(dispute, fulfilment=outcome)
        case _:
            return _mediated(dispute, event)


def _mediated(dispute: Dispute, event: Event) -> Dispute:
    match event:
        case mediation.EvidenceRequested():
            return changed(dispute, state=DisputeState.ESCALATED, evidence_until=event.evidence_until)
        case mediation.ReviewStarted():
            return changed(dispute, state=DisputeState.UNDER_REVIEW)
        case mediation.DecisionIssued() | SupportOverrideApplied(ruling=mediation.Ruling()):
            return changed(dispute, state=DisputeState.DECIDED, offer=None, solution=None)
        case mediation.Appealed():
            return changed(dispute, state=DisputeState.APPEAL_REVIEW)
        case mediation.AppealDecided():
            stands = dispute.solution if event.decision == mediation.AppealOutcome.UPHELD else None
            return changed(dispute, state=DisputeState.DECIDED, solution=stands)
        case _:
            return dispute


def _reached(dispute: Dispute, event: events.SolutionReached) -> Dispute:
    """The case team's solution is part of its decision; any other is an agreement."""
    state = DisputeState.DECIDED if dispute.state == DisputeState.DECIDED else DisputeState.AGREED
    fulfilment = Fulfilment.REPLACEMENT_PENDING if event.replacement_until else dispute.fulfilment
    return changed(dispute, state=state, fulfilment=fulfilment, solution=event)


def _escalated(dispute: Dispute, event: events.Escalated) -> Dispute:
    """An offer of the negotiation ends with it: to settle now, the seller makes it anew (T43)."""
    state, until = DisputeState.ESCALATED, event.evidence_until
    return changed(dispute, state=state, escalated=event, offer=None, evidence_until=until)


def _opened(dispute: Dispute, event: events.DisputeOpened) -> Dispute:
    return changed(
        dispute,
        first_event=event,
        parties=Parties("dispute", event.buyer_id, (event.seller_id,)),
        state=DisputeState.AWAITING_SELLER,
        reason=event.reason,
        request=event.request,
        description_ref=event.description_ref,
        respond_by=event.respond_by,
    )


def _responded(dispute: Dispute, event: events.SellerResponded) -> Dispute:
    return changed(
        dispute,
        state=DisputeState.AWAITING_BUYER,
        offer=None,
        seller_reason_ref=event.reason_ref,
        answer_by=event.answer_by,
        negotiate_until=dispute.negotiate_until or event.negotiate_until,
        escalation_from=dispute.escalation_from or event.escalation_from,
    )


def _modified(dispute: Dispute, event: events.RequestModified) -> Dispute:
    return changed(
        dispute,
        state=DisputeState.AWAITING_SELLER,
        round=event.round,
        reason=event.reason,
        request=event.request,
        offer=None,
        description_ref=event.description_ref or dispute.description_ref,
        respond_by=event.respond_by,
    )
