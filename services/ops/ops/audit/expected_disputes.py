"""Expected rows of the dispute service's read models: order status, disputes and histories, folded from the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes import state as disputes
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.orders import state as orders
from dispute.domain.orders.line import Line
from dispute.domain.orders.state import Order
from dispute.read_models import dispute_history, order_status
from dispute.read_models import disputes as disputes_model
from ops.audit.read_models import Model, Values
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import ReturnNoted
from shared.events.envelope import Recorded
from shared.events.order import PaymentReleased, ProtectionExpired


@dataclass(frozen=True, slots=True)
class _OrderFold:
    """The order's state and what that leaves out: how much of each line was released, and when the release is due."""

    order: Order = field(default_factory=Order)
    version: int = 0
    released: Mapping[str, int] = field(default_factory=dict)
    release_at: datetime | None = None


def _order(state: _OrderFold, recorded: Recorded[Event]) -> _OrderFold:
    folded = replace(state, order=orders.evolve(state.order, recorded.event), version=recorded.version)
    match recorded.event:
        case PaymentReleased(lines=parts):
            return replace(folded, released={**state.released, **{part.line_id: part.amount.minor for part in parts}})
        case ProtectionExpired(release_at=release_at):
            return replace(folded, release_at=release_at)
        case DeadlineMoved(kind=DeadlineKind.PROTECTION_END):
            return replace(folded, release_at=None)
    return folded


def _order_row(_: str, state: _OrderFold) -> Values:
    order = state.order
    sellers = {order.seller_id, *(line.seller_id for line in order.lines.values())}
    return {
        "version": state.version,
        "buyer_id": order.buyer_id or None,
        "seller_ids": sorted(sellers) if order.registered else [],
        "programme": order.terms.programme if order.terms else None,
        "timezone": order.terms.timezone if order.terms else None,
        "opens_after_shipment_days": order.terms.opens_after_shipment_days if order.terms else None,
        "currency": order.payment.amount.currency if order.payment else None,
        "exponent": order.payment.amount.exponent if order.payment else None,
        **{name: getattr(order, name) for name in _ORDER_TIMES},
        "release_at": state.release_at,
        "expired": order.expired,
        "completed": order.completed,
        "lines": {_line(line, state.released) for line in order.lines.values()},
    }


def _lines_as_set(row: Mapping[str, Any]) -> Values:
    return {**row, "lines": set(row["lines"])}


_ORDER_TIMES = (
    *("placed_at", "promised_by", "paid_at", "shipped_at", "delivered_at", "finished_at", "lost_at"),
    *("cancelled_at", "protection_ends_at"),
)


def _line(line: Line, released: Mapping[str, int]) -> str:
    return "|".join(
        map(
            str,
            (line.line_id, line.cap.minor, line.refunded.minor, released.get(line.line_id, "-"), line.held_by or "-"),
        )
    )


@dataclass(frozen=True, slots=True)
class _DisputeFold:
    dispute: Dispute = field(default_factory=Dispute)
    version: int = 0
    return_outcome: str | None = None


def _dispute(state: _DisputeFold, recorded: Recorded[Event]) -> _DisputeFold:
    outcome = recorded.event.outcome if isinstance(recorded.event, ReturnNoted) else state.return_outcome
    return _DisputeFold(disputes.evolve(state.dispute, recorded.event), recorded.version, outcome)


def _dispute_row(_: str, state: _DisputeFold) -> Values | None:
    dispute = state.dispute
    if not (opened := dispute.first_event) or not dispute.request:
        return None
    solution = dispute.solution.solution if dispute.solution else dispute.request
    return {
        "version": state.version,
        **{name: getattr(opened, name) for name in ("order_id", "buyer_id", "seller_id", "opened_at")},
        **{name: getattr(dispute, name) for name in ("state", "fulfilment", "reason", "return_id", "refund_outcome")},
        "solution_type": solution.type,
        "amount": solution.amount.minor,
        "currency": solution.amount.currency,
        "exponent": solution.amount.exponent,
        "next_due_at": _next_due_at(dispute),
        "refund_id": dispute.refund.refund_id if dispute.refund else None,
        "refunded": dispute.refunded.minor if dispute.refunded else None,
        "return_outcome": state.return_outcome,
        "close_reason": dispute.closed.reason if dispute.closed else None,
        "closed_at": dispute.closed.closed_at if dispute.closed else None,
    }


def _next_due_at(dispute: Dispute) -> datetime | None:
    by_state = {
        DisputeState.AWAITING_SELLER: dispute.respond_by,
        DisputeState.AWAITING_BUYER: dispute.buyer_acts_until,
        DisputeState.ESCALATED: dispute.evidence_until,
    }
    return by_state.get(dispute.state) if dispute.state else None


def _entry(_: Recorded[Event] | None, recorded: Recorded[Event]) -> Recorded[Event] | None:
    return recorded


def _entry_row(_: str, recorded: Recorded[Event] | None) -> Values | None:
    if recorded is None:
        return None
    entry = dispute_history.entry(recorded)
    return {**entry, "detail": from_json(entry["detail"])}


def _category(name: str) -> Any:
    return lambda recorded: recorded.stream.removeprefix(f"{name}-") if recorded.stream.startswith(f"{name}-") else None


_LINES = """
select s.*, array(
    select concat_ws('|', line_id, cap, refunded, coalesce(released::text, '-'), coalesce(held_by, '-'))
        from order_status_lines l
    where l.order_id = s.order_id
) as lines from order_status s
"""

MODELS: tuple[Model[Any], ...] = (
    Model(
        "order_status",
        order_status.NAME,
        _LINES,
        "order_id",
        _category("order"),
        _OrderFold(),
        _order,
        _order_row,
        _lines_as_set,
    ),
    Model(
        "disputes",
        disputes_model.NAME,
        "select * from disputes",
        "dispute_id",
        _category("dispute"),
        _DisputeFold(),
        _dispute,
        _dispute_row,
    ),
    Model(
        "dispute_history",
        dispute_history.NAME,
        "select *, dispute_id || '/' || version as entry from dispute_history",
        "entry",
        lambda recorded: recorded.id.removeprefix("dispute-") if recorded.stream.startswith("dispute-") else None,
        None,
        _entry,
        _entry_row,
    ),
)
