"""Timeouts of a dispute: what happens where somebody is silent; it never helps who is silent (I8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dispute.domain.deadlines import DeadlineKind, ExpireDeadline
from dispute.domain.disputes.agreement.replacement import replacement_overdue
from dispute.domain.disputes.escalation import escalated, negotiation_over
from dispute.domain.disputes.mediation.appeal import appeal_review_overdue, appeal_window_over
from dispute.domain.disputes.mediation.review import evidence_window_over, review_overdue
from dispute.domain.disputes.mediation.survey import survey_window_over
from dispute.domain.disputes.settlement import closed, reach
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.release import end_hold
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event
from shared.events.dispute import (
    BuyerResponseTimedOut,
    CloseReason,
    EscalationReason,
    ReachedType,
    SellerResponseTimedOut,
)
from shared.events.money import Money
from shared.events.order import HoldEnd


def expire(command: ExpireDeadline, dispute: Dispute, *order: Order) -> Decided:
    """What follows from a deadline that has passed; one that may end the dispute comes with the order, of which it
    hears what that has heard of a bank before it (T34).
    """
    dispute_id = dispute.opened.dispute_id
    if heard := [told for one in order for told in one.chargebacks.heard_by(dispute_id, command.at)]:
        return heard, []
    match command.kind:
        case DeadlineKind.BUYER_RESPONSE:
            return buyer_silent(command, dispute, *order)
        case DeadlineKind.APPEAL:
            return appeal_window_over(command, dispute, *order)
        case kind:
            return ALONE[kind](command, dispute)


def seller_silent(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """S41: the seller was silent for 5 days, so the request is granted exactly as it was made (D1, T5)."""
    assert dispute.request
    silent = SellerResponseTimedOut(dispute_id=dispute.opened.dispute_id, due_at=command.due_at, rules=("S41",))
    return [silent, *reach(command, dispute, dispute.request, ReachedType.SELLER_TIMEOUT, ("S41",))]


def buyer_silent(command: ExpireDeadline, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """T8: the buyer did not answer, so the case team takes over or, under other terms, it ends without a refund
    (D2).
    """
    silent = BuyerResponseTimedOut(dispute_id=dispute.opened.dispute_id, due_at=command.due_at, rules=("K17",))
    if dispute.terms.buyer_timeout_action == "escalate":
        return [silent, escalated(dispute, EscalationReason.BUYER_TIMEOUT, command.at)], []
    nothing = Money.zero(dispute.opened.request.amount)
    end = closed(dispute, CloseReason.NO_REFUND, nothing, command.at, ("K17",))
    return [silent, end], end_hold(order, dispute.opened, HoldEnd.CLOSED, command.at)


def no_agreement(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """T10: no agreement in 7 days goes to the case team; while the seller is to answer D4 rests (T7)."""
    return negotiation_over(dispute, command.due_at, command.at)


ALONE: Mapping[str, Callable[[ExpireDeadline, Dispute], list[Event]]] = {
    DeadlineKind.SELLER_RESPONSE: seller_silent,
    DeadlineKind.NEGOTIATION: no_agreement,
    DeadlineKind.EVIDENCE: evidence_window_over,
    DeadlineKind.REVIEW: review_overdue,
    DeadlineKind.APPEAL_REVIEW: appeal_review_overdue,
    DeadlineKind.SURVEY: survey_window_over,
    DeadlineKind.REPLACEMENT: replacement_overdue,
}
"""The deadlines that are decided on the dispute alone."""
