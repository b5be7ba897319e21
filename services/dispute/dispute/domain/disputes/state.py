"""State of a dispute: who is to act, how far its solution is carried out, and which deadlines stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.evidence.items import Items
from shared.decider import Clear, Start
from shared.events import dispute as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.evidence import EvidenceAdded, EvidenceRemoved
from shared.events.money import Money
from shared.events.order import Terms
from shared.parties import NOBODY, Parties


class DisputeState(StrEnum):
    """Who is to act next (docs/rules/states.md)."""

    AWAITING_SELLER = "awaiting_seller"
    AWAITING_BUYER = "awaiting_buyer"
    ESCALATED = "escalated"
    AGREED = "agreed"
    CLOSED = "closed"


class Fulfilment(StrEnum):
    """How far an agreed solution is carried out."""

    NONE = "none"
    RETURN_PENDING = "return_pending"
    RETURN_SHIPPED = "return_shipped"
    RETURN_RECEIVED = "return_received"
    REFUND_PENDING = "refund_pending"
    REFUND_ISSUED = "refund_issued"
    REFUND_FAILED = "refund_failed"


RETURN_STEPS = {
    events.ReturnOutcome.SHIPPED: Fulfilment.RETURN_SHIPPED,
    events.ReturnOutcome.RECEIVED: Fulfilment.RETURN_RECEIVED,
    events.ReturnOutcome.DENIED: Fulfilment.NONE,
    events.ReturnOutcome.VOIDED: Fulfilment.NONE,
}
REFUND_STEPS = {
    events.RefundOutcome.ISSUED: Fulfilment.REFUND_ISSUED,
    events.RefundOutcome.FAILED: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.SENT_TO_MANUAL: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.REFUSED: Fulfilment.NONE,
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """The fold of one dispute's stream."""

    first_event: events.DisputeOpened | None = None
    state: DisputeState | None = None
    fulfilment: Fulfilment = Fulfilment.NONE
    round: int = 1
    reason: events.Reason | None = None
    request: events.Solution | None = None
    offer: events.Solution | None = None
    offers: int = 0
    description_ref: str | None = None
    seller_reason_ref: str | None = None
    respond_by: datetime | None = None
    answer_by: datetime | None = None
    negotiate_until: datetime | None = None
    evidence_until: datetime | None = None
    solution: events.SolutionReached | None = None
    escalated: events.Escalated | None = None
    refund: events.RefundDue | None = None
    refunded: Money | None = None
    refund_outcome: events.RefundOutcome | None = None
    return_id: str | None = None
    closed: events.DisputeClosed | None = None
    evidence: Items = Items()

    @property
    def opened(self) -> events.DisputeOpened:
        """What was recorded when it was opened; only of a dispute that exists."""
        assert self.first_event
        return self.first_event

    @property
    def terms(self) -> Terms:
        return self.opened.terms

    @property
    def parties(self) -> Parties:
        """The buyer, and the seller of the disputed lines."""
        return Parties("dispute", self.opened.buyer_id, (self.opened.seller_id,)) if self.first_event else NOBODY

    @property
    def goods_unsent(self) -> bool:
        """The goods are to go back, and nothing is on its way yet (T21)."""
        return self.state == DisputeState.AGREED and self.fulfilment == Fulfilment.RETURN_PENDING

    @property
    def buyer_acts_until(self) -> datetime | None:
        """Until when the buyer may answer: D2, or the negotiation's end where that comes first (D4)."""
        return min(filter(None, (self.answer_by, self.negotiate_until)), default=None)

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        match kind, self.state:
            case DeadlineKind.SELLER_RESPONSE, DisputeState.AWAITING_SELLER:
                return self.respond_by
            case DeadlineKind.BUYER_RESPONSE, DisputeState.AWAITING_BUYER:
                return self.answer_by
            case DeadlineKind.NEGOTIATION, DisputeState.AWAITING_BUYER:
                return self.negotiate_until
            case _:
                return None


def evolve(dispute: Dispute, event: Event) -> Dispute:  # noqa: C901 - one arm an event
    match event:
        case events.DisputeOpened():
            return _opened(dispute, event)
        case events.SellerResponded():
            return _responded(dispute, event)
        case events.SolutionProposed():
            return replace(dispute, offer=event.solution, offers=dispute.offers + 1)
        case events.RequestModified():
            return _modified(dispute, event)
        case events.SolutionReached():
            return replace(dispute, state=DisputeState.AGREED, solution=event)
        case events.Escalated():
            return replace(dispute, state=DisputeState.ESCALATED, escalated=event, evidence_until=event.evidence_until)
        case events.RefundDue():
            return _refund_due(dispute, event)
        case events.ReturnDue():
            return replace(dispute, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id)
        case events.ReturnNotDue():
            return replace(dispute, fulfilment=Fulfilment.NONE)
        case events.RefundNoted():
            return _refund_noted(dispute, event)
        case events.ReturnNoted():
            return replace(dispute, fulfilment=RETURN_STEPS.get(event.outcome, dispute.fulfilment))
        case events.DisputeClosed():
            return replace(dispute, state=DisputeState.CLOSED, closed=event)
        case EvidenceAdded() | EvidenceRemoved():
            return replace(dispute, evidence=dispute.evidence.after(event))
        case DeadlineMoved():
            return _moved(dispute, event)
        case _:
            return dispute


KINDS = (DeadlineKind.SELLER_RESPONSE, DeadlineKind.BUYER_RESPONSE, DeadlineKind.NEGOTIATION)
"""Of a dispute's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """D1, D2 and D4: what each event starts and ends."""
    match event:
        case events.DisputeOpened():
            return (Start(DeadlineKind.SELLER_RESPONSE, event.respond_by),)
        case events.SellerResponded():
            return _after_response(event)
        case events.RequestModified():
            return (
                Clear(DeadlineKind.BUYER_RESPONSE),
                Clear(DeadlineKind.NEGOTIATION),
                Start(DeadlineKind.SELLER_RESPONSE, event.respond_by),
            )
        case events.SolutionReached() | events.Escalated() | events.DisputeClosed():
            return map(Clear, KINDS)
        case events.RefundDue(source=events.RefundSource.CANCELLATION):
            return map(Clear, KINDS)
        case _:
            return ()


def _after_response(event: events.SellerResponded) -> Iterable[Start | Clear]:
    yield Clear(DeadlineKind.SELLER_RESPONSE)
    if event.answer_by:
        yield Start(DeadlineKind.BUYER_RESPONSE, event.answer_by)
    if event.negotiate_until:
        yield Start(DeadlineKind.NEGOTIATION, event.negotiate_until)


def _moved(dispute: Dispute, event: DeadlineMoved) -> Dispute:
    match event.kind:
        case DeadlineKind.SELLER_RESPONSE:
            return replace(dispute, respond_by=event.due_at)
        case DeadlineKind.BUYER_RESPONSE:
            return replace(dispute, answer_by=event.due_at)
        case DeadlineKind.NEGOTIATION:
            return replace(dispute, negotiate_until=event.due_at)
        case _:
            return dispute


def _opened(dispute: Dispute, event: events.DisputeOpened) -> Dispute:
    return replace(
        dispute,
        first_event=event,
        state=DisputeState.AWAITING_SELLER,
        reason=event.reason,
        request=event.request,
        description_ref=event.description_ref,
        respond_by=event.respond_by,
    )


def _responded(dispute: Dispute, event: events.SellerResponded) -> Dispute:
    return replace(
        dispute,
        state=DisputeState.AWAITING_BUYER,
        offer=None,
        seller_reason_ref=event.reason_ref,
        answer_by=event.answer_by,
        negotiate_until=dispute.negotiate_until or event.negotiate_until,
    )


def _modified(dispute: Dispute, event: events.RequestModified) -> Dispute:
    return replace(
        dispute,
        state=DisputeState.AWAITING_SELLER,
        round=event.round,
        reason=event.reason,
        request=event.request,
        offer=None,
        description_ref=event.description_ref or dispute.description_ref,
        respond_by=event.respond_by,
    )


def _refund_due(dispute: Dispute, event: events.RefundDue) -> Dispute:
    """A cancelled order settles its dispute (T45)."""
    state = DisputeState.AGREED if event.source == events.RefundSource.CANCELLATION else dispute.state
    return replace(dispute, state=state, fulfilment=Fulfilment.REFUND_PENDING, refund=event, refund_outcome=None)


def _refund_noted(dispute: Dispute, event: events.RefundNoted) -> Dispute:
    return replace(
        dispute,
        fulfilment=REFUND_STEPS.get(event.outcome, dispute.fulfilment),
        refund_outcome=event.outcome,
        refunded=event.amount if event.outcome == events.RefundOutcome.ISSUED else dispute.refunded,
    )
