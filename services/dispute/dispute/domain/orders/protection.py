"""Protection of an order: from when and until when a dispute may be opened (S21–S23, K2, K3, K7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dispute.domain.deadlines import DeadlineKind, noon, protection_due, release_due
from dispute.domain.orders.state import Order, evolve
from shared.events.base import Event
from shared.events.calendar import from_day, within_days
from shared.events.deadlines import DeadlineMoved
from shared.events.order import (
    DeliveryCorrected,
    OrderDelivered,
    OrderFinished,
    OrderPaid,
    OrderRegistered,
    OrderShipped,
    ProtectionExpired,
)

Dated = OrderRegistered | OrderPaid | OrderShipped | OrderDelivered | OrderFinished | DeliveryCorrected
"""Events that may give or move the end of the protection."""


@dataclass(frozen=True, slots=True)
class Milestones:
    """An order's way to the buyer, as far as it is known."""

    shipped_at: datetime | None
    delivered_at: datetime | None
    finished_at: datetime | None
    promised_by: date | None
    lost_at: datetime | None


def opens_at(order: Order) -> datetime | None:
    """From when a dispute may be opened: None while nothing tells."""
    if (terms := order.terms) is None:
        return None
    milestones = Milestones(order.shipped_at, order.delivered_at, order.finished_at, order.promised_by, order.lost_at)
    return earliest_opening(milestones, terms.opens_after_shipment_days, terms.timezone)


def earliest_opening(milestones: Milestones, after_shipment_days: int, timezone: str) -> datetime | None:
    """The earliest of: the 11th day after shipment, receipt, the day after the promised one, the carrier's loss (S21,
    K7).

    Finished is received (K2), also where no scan tells it: else the protection would run out while it is still too
    early.
    """
    shipped_at, promised_by = milestones.shipped_at, milestones.promised_by
    instants = (
        from_day(shipped_at, after_shipment_days, timezone) if shipped_at else None,
        within_days(noon(promised_by, timezone), 0, timezone) if promised_by else None,
        milestones.delivered_at,
        milestones.finished_at,
        milestones.lost_at,
    )
    return min(filter(None, instants), default=None)


def protection_end(order: Order) -> datetime | None:
    """The end of the protection as the facts stand (S22, K3)."""
    if order.terms is None:
        return None
    return protection_due(order.terms, order.paid_at, order.received_at, order.promised_by, order.shipped_at)


def with_protection(order: Order, event: Dated) -> list[Event]:
    """The event with the protection's end, or followed by the move of an end that stood already; once the order is
    received, the end never moves to an earlier day (K3).
    """
    end, standing = protection_end(evolve(order, event)), order.protection_ends_at
    if order.received_at and end and standing:
        end = max(end, standing)
    if end is None or end == standing or order.nothing_due or _is_over(order):
        return [event]
    if standing is None:
        return [event.model_copy(update={"protection_ends_at": end})]
    moved = DeadlineMoved(kind=DeadlineKind.PROTECTION_END, previous_due_at=standing, due_at=end, rules=("S22", "S23"))
    return [event, moved]


def _is_over(order: Order) -> bool:
    """The end stands once it has passed; only a first receipt still moves a provisional one, until R (K3, S24)."""
    return order.expired and not (order.release_at and order.received_at is None)


def expire_protection(order: Order, due_at: datetime, now: datetime) -> list[Event]:
    """P: no dispute can be opened any more; the release follows a little later, so that no fact under way is
    overtaken.
    """
    assert order.terms
    release_at = release_due(order.terms, due_at, now)
    return [ProtectionExpired(order_id=order.order_id, due_at=due_at, release_at=release_at, rules=("S24", "S22"))]
