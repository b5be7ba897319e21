"""What silence does: each deadline that fell due, decided again on the state; it never helps who is silent (I8)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.agreement import reach
from dispute.domain.commands import ExpireDeadline
from dispute.domain.dispute import BUYER_RESPONSE, SELLER_RESPONSE, Dispute, DisputeState
from dispute.domain.order import PROTECTION_END, Order
from dispute.domain.release import end_hold, expire_protection, release
from shared.decider import Decided
from shared.events.base import Event
from shared.events.calendar import within_days
from shared.events.dispute import (
    BuyerResponseTimedOut,
    CloseReason,
    DisputeClosed,
    Escalated,
    EscalationReason,
    NegotiationTimedOut,
    ReachedType,
    SellerResponseTimedOut,
)
from shared.events.money import Money
from shared.events.order import HoldEnd


def expire(command: ExpireDeadline, state: Dispute | Order, *order: Order) -> Decided:
    """Acts only on a deadline that still stands at the very instant named; a cleared or moved one loses."""
    if not command.is_due(state.due(command.kind)):
        return []
    if isinstance(state, Order):
        return expire_protection(state, command.due_at) if command.kind == PROTECTION_END else release(state)
    match command.kind:
        case kind if kind == SELLER_RESPONSE:
            return seller_silent(command, state)
        case kind if kind == BUYER_RESPONSE:
            return buyer_silent(command, state, *order)
        case _:
            return no_agreement(command, state)


def seller_silent(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """S41: the seller was silent for 5 days, so the request is granted exactly as it was made (D1)."""
    assert dispute.request
    silent = SellerResponseTimedOut(dispute_id=dispute.facts.dispute_id, due_at=command.due_at, rules=("S41",))
    reached = reach(dispute, dispute.request, ReachedType.SELLER_TIMEOUT, ("S41",), command.command_id, command.at)
    return [silent, *reached]


def buyer_silent(command: ExpireDeadline, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """T8: the buyer did not answer, so the case team takes over or, under other terms, it ends without a refund
    (D2).
    """
    silent = BuyerResponseTimedOut(dispute_id=dispute.facts.dispute_id, due_at=command.due_at, rules=("K17",))
    if dispute.terms.buyer_timeout_action == "escalate":
        return [silent, escalated(dispute, EscalationReason.BUYER_TIMEOUT, command.at)], []
    closed = DisputeClosed(
        dispute_id=dispute.facts.dispute_id,
        reason=CloseReason.NO_REFUND,
        amount=Money.zero(dispute.facts.request.amount),
        closed_at=command.at,
        rules=("K17",),
    )
    return [silent, closed], end_hold(order, dispute.facts, HoldEnd.CLOSED, command.at)


def no_agreement(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """T10: no agreement in 7 days goes to the case team; while the seller is to answer it waits for D1 (T7)."""
    if dispute.state == DisputeState.AWAITING_SELLER:
        return []
    over = negotiation_over(dispute, command.due_at)
    return [over, escalated(dispute, EscalationReason.NEGOTIATION_TIMEOUT, command.at)]


def negotiation_over(dispute: Dispute, due_at: datetime) -> NegotiationTimedOut:
    """The negotiation had its time (K16)."""
    return NegotiationTimedOut(dispute_id=dispute.facts.dispute_id, due_at=due_at, rules=("K16",))


def escalated(dispute: Dispute, reason: EscalationReason, at: datetime) -> Escalated:
    """The system hands the dispute to the case team; evidence is gathered for some days (D3)."""
    until = within_days(at, dispute.terms.evidence_days, dispute.terms.timezone)
    return Escalated(
        dispute_id=dispute.facts.dispute_id,
        by="system",
        reason=reason,
        evidence_until=until,
        rules=(*_ESCALATES[reason], "S49"),
    )


_ESCALATES = {
    EscalationReason.BUYER_TIMEOUT: ("K17", "T8"),
    EscalationReason.NEGOTIATION_TIMEOUT: ("K16", "T10"),
    EscalationReason.RETURN_CONDITION: ("S82", "T27"),
    EscalationReason.RETURN_IMPOSSIBLE: ("T22a",),
}
