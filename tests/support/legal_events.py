"""Which event may follow which history: the transitions written down once more, beside the code that decides (I5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import Step
from dispute.domain.orders.state import Order
from shared.events import dispute as d
from shared.events import order as o
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.money import Money, total

SELLER, BUYER, TEAM, AGREED, CLOSED = (
    DisputeState.AWAITING_SELLER,
    DisputeState.AWAITING_BUYER,
    DisputeState.ESCALATED,
    DisputeState.AGREED,
    DisputeState.CLOSED,
)

STATES: dict[type[Event], set[DisputeState | None]] = {
    d.DisputeOpened: {None},
    d.SellerResponded: {SELLER},
    d.SolutionProposed: {BUYER},
    d.SellerResponseTimedOut: {SELLER},
    d.RequestModified: {BUYER},
    d.SolutionAccepted: {BUYER},
    d.SolutionReached: {SELLER, BUYER},
    d.BuyerResponseTimedOut: {BUYER},
    d.NegotiationTimedOut: {BUYER},
    d.Escalated: {BUYER, AGREED},
    d.ReturnDue: {AGREED},
    d.ReturnNotDue: {AGREED},
    d.RefundDue: {SELLER, BUYER, TEAM, AGREED},
    d.RefundNoted: {AGREED},
    d.ReturnNoted: {AGREED, TEAM, CLOSED},
    d.DisputeCancelled: {SELLER, BUYER, TEAM, AGREED},
    d.DisputeClosed: {SELLER, BUYER, TEAM, AGREED},
}
"""Event → the states of the dispute that it may find."""

DISPUTES: dict[type[Event], Callable[[Dispute, Any], bool]] = {
    d.SolutionProposed: lambda state, event: state.offer is None,
    d.SolutionAccepted: lambda state, event: state.offer == event.solution,
    d.SolutionReached: lambda state, event: (
        event.solution in (state.request, state.offer)
        and total([part.amount for part in event.lines]) == event.solution.amount
        and all(part.amount <= line.cap for part, line in zip(event.lines, state.opened.lines, strict=True))
    ),
    d.RequestModified: lambda state, event: event.round == state.round + 1 <= state.terms.max_rounds,
    d.RefundDue: lambda state, event: (
        event.amount == total([part.amount for part in event.lines])
        and all(part.amount for part in event.lines)
        and (event.source == d.RefundSource.CANCELLATION or _is_agreed(state, event))
    ),
    d.ReturnDue: lambda state, event: state.return_id is None and state.refund is None,
    d.ReturnNotDue: lambda state, event: event.return_id == state.return_id and state.refund is None,
    d.DisputeCancelled: lambda state, event: state.state != AGREED or state.goods_unsent,
    d.RefundNoted: lambda state, event: state.refund is not None and event.refund_id == state.refund.refund_id,
    d.ReturnNoted: lambda state, event: event.return_id == state.return_id,
    d.DisputeClosed: lambda state, event: (event.reason == d.CloseReason.REFUNDED) == bool(event.amount),
}
"""Event → what else must hold of the dispute."""

ORDERS: dict[type[Event], Callable[[Order, Any], bool]] = {
    o.OrderRegistered: lambda state, event: not state.registered,
    o.OrderPaid: lambda state, event: state.paid_at is None,
    o.OrderShipped: lambda state, event: state.shipments.parcels.keys().isdisjoint(x.parcel_id for x in event.parcels),
    o.OrderFinished: lambda state, event: state.finished_at is None,
    o.OrderCancelled: lambda state, event: state.cancelled_at is None and not _was_sent_by(state, event.cancelled_at),
    DeadlineMoved: lambda state, event: (
        state.protection_ends_at == event.previous_due_at != event.due_at
        and not state.nothing_due
        and not (state.expired and state.release_at is None)
    ),
    o.PaymentHeld: lambda state, event: all(
        0 < x.quantity <= state.lines[x.line_id].free and x.cap <= state.lines[x.line_id].free_cap for x in event.lines
    ),
    o.PaymentHoldLifted: lambda state, event: (
        event.lines != () and all(event.dispute_id in state.lines[x].open_claims for x in event.lines)
    ),
    o.PaymentReleased: lambda state, event: (
        not state.nothing_due
        and event.amount == total([part.amount for part in event.lines])
        and all(
            part.amount and _may_be_released(state.lines[part.line_id], event) == part.amount for part in event.lines
        )
    ),
    o.ProtectionExpired: lambda state, event: (
        not state.expired and not state.nothing_due and event.due_at == state.protection_ends_at
    ),
    o.OrderCompleted: lambda state, event: not state.completed and all(line.done for line in state.lines.values()),
    d.RefundDue: lambda state, event: state.cancelled_at is not None and event.refund_id not in state.refunds,
}
"""Event → what must hold of the order."""


def _was_sent_by(order: Order, at: datetime) -> bool:
    shipped = [fact.at for fact in order.shipments.told if fact.step == Step.SHIPPED]
    return min(shipped) <= at if shipped else bool(order.shipments.told or order.finished_at)


def _is_agreed(state: Dispute, event: d.RefundDue) -> bool:
    solution = state.solution
    return (
        state.state == AGREED and state.refund is None and bool(solution and solution.solution.amount == event.amount)
    )


def _may_be_released(line: Line, event: o.PaymentReleased) -> Money:
    return line.left_of(event.dispute_id) if event.dispute_id else line.releasable


def legal(state: Dispute | Order, event: Event) -> bool:
    """Whether the event may follow the history behind the state."""
    if isinstance(state, Dispute):
        return state.state in STATES[type(event)] and DISPUTES.get(type(event), _always)(state, event)
    return ORDERS.get(type(event), _always)(state, event)


def _always(state: object, event: object) -> bool:
    return True
