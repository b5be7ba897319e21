"""Facts of an order as the shop and the carriers tell them: what is news of it, and by which event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from dispute.domain.commands import OrderCommand
from dispute.domain.orders import cancellation, shipments
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant
from dispute.domain.orders.parcels import Step
from dispute.domain.orders.protection import with_protection
from dispute.domain.orders.shipments import NamedParcel
from dispute.domain.orders.state import Order
from shared.events.base import Event, Instant, Message
from shared.events.order import AccountStatusChanged, OrderCancelled, OrderFinished


class FactType(StrEnum):
    """What the shop and the carriers tell of an order."""

    SHIPPED = "shipped"
    DELIVERED = "delivered"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    CARRIER_LOST = "carrier_lost"
    DELIVERY_CORRECTED = "delivery_corrected"
    TRACKING_CORRECTED = "tracking_corrected"
    ACCOUNT_STATUS = "account_status"


SCANS = frozenset({FactType.SHIPPED, FactType.DELIVERED, FactType.CARRIER_LOST, FactType.DELIVERY_CORRECTED})
"""What carriers tell by machine; all else is the word of people."""

STEPS = {
    FactType.DELIVERED: Step.DELIVERED,
    FactType.DELIVERY_CORRECTED: Step.CORRECTED,
    FactType.CARRIER_LOST: Step.LOST,
}


class Fact(Message):
    """One fact and its instant, which the shop gives; a number and a carrier are the right ones of its one parcel."""

    type: FactType
    at: Instant
    parcels: tuple[NamedParcel, ...] = ()
    by: str | None = None
    status: str | None = None
    tracking_number: str | None = None
    carrier: str | None = None


class RecordFact(OrderCommand):
    """`ahead` is how far a fact that is no scan may lie before now."""

    fact: Fact
    ahead: timedelta = SCAN_TOLERANCE


def record_fact(command: RecordFact, order: Order) -> Sequence[Event]:
    """A fact, also one that comes before the order; the first instant of its type and parcel stands, and the latest
    account status.
    """
    guard_fact(command.fact, command.ahead, order, command.at)
    return with_protection(order, decide_fact(order, command.fact, command))


def guard_fact(fact: Fact, ahead: timedelta, order: Order, now: datetime) -> None:
    """It has happened, and to this order."""
    guard_instant("/at", fact.at, order.placed_at, now, ahead_of(fact, ahead))


def ahead_of(fact: Fact, ahead: timedelta) -> timedelta:
    """How far this fact may lie before now, where the word of people has `ahead`."""
    return SCAN_TOLERANCE if fact.type in SCANS else ahead


def decide_fact(order: Order, fact: Fact, command: OrderCommand, pointer: str = "") -> list[Event]:
    """The events of a fact, none where it is known; refusals name the member below `pointer`."""
    order_id = command.order_id
    match fact.type:
        case FactType.SHIPPED:
            return shipments.shipped(order, order_id, fact.at, fact.parcels, pointer)
        case FactType.DELIVERED | FactType.DELIVERY_CORRECTED | FactType.CARRIER_LOST:
            return shipments.reached(order, order_id, STEPS[fact.type], fact.at, fact.parcels, pointer)
        case FactType.TRACKING_CORRECTED:
            right = fact.tracking_number, fact.carrier
            return shipments.tracking_corrected(order, order_id, fact.at, fact.parcels, right, pointer)
        case FactType.FINISHED if not order.finished_at:
            return [OrderFinished(order_id=order_id, finished_at=fact.at, protection_ends_at=None)]
        case FactType.CANCELLED if not order.cancelled_at:
            event = OrderCancelled(order_id=order_id, by=fact.by or "seller", cancelled_at=fact.at)
            return cancellation.cancelled(order, command, event)
        case FactType.ACCOUNT_STATUS if fact.status and _is_latest_status(order, fact):
            return [AccountStatusChanged(order_id=order_id, status=fact.status, since=fact.at)]
    return []


def _is_latest_status(order: Order, fact: Fact) -> bool:
    """A status that comes again, or late, does not undo a later one."""
    return order.account_since is None or fact.at > order.account_since
