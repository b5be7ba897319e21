"""A dispute's life as state and fulfilment (docs/rules/states.md): what each event makes of it, its deadlines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.decider import Clear, Start
from shared.events import dispute as disputes
from shared.events.base import Event
from shared.events.money import Money
from shared.events.order import Terms

SELLER_RESPONSE = "seller_response"
"""D1: then the seller was silent."""
BUYER_RESPONSE = "buyer_response"
"""D2: then the buyer was silent."""
NEGOTIATION = "negotiation"
"""D4: then there was no agreement."""


class DisputeState(StrEnum):
    """Who is to act next."""

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
    disputes.ReturnOutcome.AUTHORIZED: Fulfilment.RETURN_PENDING,
    disputes.ReturnOutcome.SHIPPED: Fulfilment.RETURN_SHIPPED,
    disputes.ReturnOutcome.RECEIVED: Fulfilment.RETURN_RECEIVED,
    disputes.ReturnOutcome.DENIED: Fulfilment.NONE,
}
REFUND_STEPS = {
    disputes.RefundOutcome.ISSUED: Fulfilment.REFUND_ISSUED,
    disputes.RefundOutcome.FAILED: Fulfilment.REFUND_FAILED,
    disputes.RefundOutcome.SENT_TO_MANUAL: Fulfilment.REFUND_FAILED,
    disputes.RefundOutcome.REFUSED: Fulfilment.NONE,
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """The fold of one dispute's stream."""

    opened: disputes.DisputeOpened | None = None
    state: DisputeState | None = None
    fulfilment: Fulfilment = Fulfilment.NONE
    round: int = 1
    reason: disputes.Reason | None = None
    request: disputes.Solution | None = None
    live: disputes.Solution | None = None
    description_ref: str | None = None
    seller_reason_ref: str | None = None
    respond_by: datetime | None = None
    answer_by: datetime | None = None
    negotiate_until: datetime | None = None
    evidence_until: datetime | None = None
    reached: disputes.SolutionReached | None = None
    escalated: disputes.Escalated | None = None
    refund: disputes.RefundDue | None = None
    refunded: Money | None = None
    refund_outcome: disputes.RefundOutcome | None = None
    return_id: str | None = None
    closed: disputes.DisputeClosed | None = None

    @property
    def facts(self) -> disputes.DisputeOpened:
        """What was fixed when it was opened; only of a dispute that exists."""
        assert self.opened
        return self.opened

    @property
    def terms(self) -> Terms:
        return self.facts.terms

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        match kind, self.state:
            case "seller_response", DisputeState.AWAITING_SELLER:
                return self.respond_by
            case "buyer_response", DisputeState.AWAITING_BUYER:
                return self.answer_by
            case "negotiation", DisputeState.AWAITING_SELLER | DisputeState.AWAITING_BUYER:
                return self.negotiate_until
            case _:
                return None


def evolve(state: Dispute, event: Event) -> Dispute:  # noqa: C901 - one arm an event
    match event:
        case disputes.DisputeOpened():
            return _opened(state, event)
        case disputes.SellerResponded():
            return _responded(state, event)
        case disputes.SolutionProposed():
            return replace(state, live=event.solution)
        case disputes.RequestModified():
            return _modified(state, event)
        case disputes.SolutionReached():
            return replace(state, state=DisputeState.AGREED, reached=event)
        case disputes.Escalated():
            return replace(state, state=DisputeState.ESCALATED, escalated=event, evidence_until=event.evidence_until)
        case disputes.RefundDue():
            return replace(state, fulfilment=Fulfilment.REFUND_PENDING, refund=event, refund_outcome=None)
        case disputes.ReturnDue():
            return replace(state, fulfilment=Fulfilment.RETURN_PENDING, return_id=event.return_id)
        case disputes.RefundNoted():
            return _refund_noted(state, event)
        case disputes.ReturnNoted():
            return replace(state, fulfilment=RETURN_STEPS.get(event.outcome, state.fulfilment))
        case disputes.DisputeClosed():
            return replace(state, state=DisputeState.CLOSED, closed=event)
        case _:
            return state


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """D1, D2 and D4: what each event starts and ends."""
    match event:
        case disputes.DisputeOpened():
            return (Start(SELLER_RESPONSE, event.respond_by),)
        case disputes.SellerResponded():
            return _after_response(event)
        case disputes.RequestModified():
            return (Clear(BUYER_RESPONSE), Start(SELLER_RESPONSE, event.respond_by))
        case disputes.SolutionReached() | disputes.Escalated() | disputes.DisputeClosed():
            return (Clear(SELLER_RESPONSE), Clear(BUYER_RESPONSE), Clear(NEGOTIATION))
        case _:
            return ()


def _after_response(event: disputes.SellerResponded) -> Iterable[Start | Clear]:
    yield Clear(SELLER_RESPONSE)
    if event.answer_by:
        yield Start(BUYER_RESPONSE, event.answer_by)
    if event.negotiate_until:
        yield Start(NEGOTIATION, event.negotiate_until)


def _opened(state: Dispute, event: disputes.DisputeOpened) -> Dispute:
    return replace(
        state,
        opened=event,
        state=DisputeState.AWAITING_SELLER,
        reason=event.reason,
        request=event.request,
        description_ref=event.description_ref,
        respond_by=event.respond_by,
    )


def _responded(state: Dispute, event: disputes.SellerResponded) -> Dispute:
    return replace(
        state,
        state=DisputeState.AWAITING_BUYER,
        live=None,
        seller_reason_ref=event.reason_ref,
        answer_by=event.answer_by,
        negotiate_until=state.negotiate_until or event.negotiate_until,
    )


def _modified(state: Dispute, event: disputes.RequestModified) -> Dispute:
    return replace(
        state,
        state=DisputeState.AWAITING_SELLER,
        round=event.round,
        reason=event.reason,
        request=event.request,
        live=None,
        description_ref=event.description_ref or state.description_ref,
        respond_by=event.respond_by,
    )


def _refund_noted(state: Dispute, event: disputes.RefundNoted) -> Dispute:
    issued = event.outcome == disputes.RefundOutcome.ISSUED
    return replace(
        state,
        fulfilment=REFUND_STEPS.get(event.outcome, state.fulfilment),
        refund_outcome=event.outcome,
        refunded=event.amount if issued else state.refunded,
    )
