"""Views of a moment in the past: the rows of the read models, from the streams as they stood then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dispute.domain.disputes.ending import stands
from dispute.domain.disputes.progress import last_outcome, refunded
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.line import Line
from dispute.domain.orders.state import Order
from dispute.views.disputes.dispute import due_at, result_view
from shared.events.base import Event
from shared.events.dispute import ReturnNoted
from shared.events.envelope import Recorded

History = Sequence[Recorded[Event]]
Row = Mapping[str, Any]


def dispute_row_of(dispute: Dispute, history: History) -> Row:
    """The dispute's row as the read model would hold it behind this history."""
    opened, closed, request = dispute.opened, dispute.closed, dispute.request
    assert request
    kind, amount = stands(dispute, request)
    last, result = next(reversed(list(dispute.refunds)), None), result_view(dispute)
    paid = refunded(dispute.refunds)
    returned = [recorded.event for recorded in history if isinstance(recorded.event, ReturnNoted)]
    case = dispute.case
    return {
        "dispute_id": opened.dispute_id,
        "order_id": opened.order_id,
        "buyer_id": opened.buyer_id,
        "seller_id": opened.seller_id,
        "version": len(history),
        "position": history[-1].position,
        "state": dispute.state,
        "fulfilment": dispute.fulfilment,
        "reason": dispute.reason,
        "solution_type": kind,
        "amount": amount.minor,
        "currency": amount.currency,
        "exponent": amount.exponent,
        "opened_at": opened.opened_at,
        "next_due_at": due_at(dispute),
        "charged_back_by": list(dispute.chargebacks.open),
        "refund_id": last,
        "refund_outcome": last_outcome(dispute.refunds),
        "refunded": paid.minor if paid else None,
        "return_id": dispute.return_id,
        "return_outcome": returned[-1].outcome if returned else None,
        "return_event": returned[-1].source_event if returned else None,
        "close_reason": closed.reason if closed else None,
        "closed_at": closed.closed_at if closed else None,
        "reviewer": case.reviewer,
        "reviewed_since": case.since,
        "proposed_until": case.proposal.expires_at if case.proposal else None,
        "asked": sorted(case.asked_by_team),
        "replacement_sent": dispute.replacement.shipped is not None,
        "result_amount": result["amount"].minor if result else None,
        "result_reason": result["reason"] if result else None,
        "reached_type": result["reached_type"] if result else None,
        "result_rules": result["rules"] if result else list(case.grounds) or None,
        "result_at": result["at"] if result else None,
    }


def order_row_of(order: Order, history: History) -> Row:
    """The order's row as the read model would hold it behind this history."""
    assert order.terms and order.payment
    return {
        "order_id": order.order_id,
        "version": len(history),
        "position": history[-1].position,
        "programme": order.terms.programme,
        "currency": order.payment.amount.currency,
        "exponent": order.payment.amount.exponent,
        "protection_ends_at": order.protection_ends_at,
        "expired": order.expired,
        "completed": order.completed,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "promised_by": order.promised_by,
    }


def line_rows_of(order: Order) -> Sequence[Row]:
    """The rows of its lines, by line id."""
    return [_line(order.lines[name]) for name in sorted(order.lines)]


def _line(line: Line) -> Row:
    return {
        "line_id": line.line_id,
        "cap": line.cap.minor,
        "refunded": line.refunded.minor,
        "released": line.released.minor or None,
        "held_by": list(line.open_claims),
        "reclaimed": line.reclaimed.minor,
        "charged_back": line.charged_back.minor,
    }
