"""Facts of an order as the shop and the carriers tell them: what is news of it, and by which event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from dispute.domain.commands import OrderCommand
from dispute.domain.orders import cancellation, shipments, tracking_numbers
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.orders.parcels import Step
from dispute.domain.orders.protection import with_protection
from dispute.domain.orders.state import Order
from shared.events.base import Event, Instant, Message, StreamName
from shared.events.order import AccountStatusChanged, OrderCancelled, OrderFinished
from shared.rejections import ValidationFailed


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

OF_GOODS = SCANS | {FactType.FINISHED}
"""What can only happen to an order that is not cancelled."""

STEPS = {
    FactType.DELIVERED: Step.DELIVERED,
    FactType.DELIVERY_CORRECTED: Step.CORRECTED,
    FactType.CARRIER_LOST: Step.LOST,
}


class Fact(Message):
    """One fact and its instant, which the shop gives; a number and a carrier are the right ones of its one parcel, and
    without them each parcel of a correction has its own.
    """

    type: FactType
    at: Instant
    parcels: tuple[NamedParcel, ...] = ()
    by: str | None = None
    status: str | None = None
    tracking_number: str | None = None
    carrier: str | None = None


class RecordFact(OrderCommand):
    """`ahead` is how far a fact that is no scan may lie before now; `disputes` are those that are open, where pieces
    come that they are about.
    """

    fact: Fact
    ahead: timedelta = SCAN_TOLERANCE
    disputes: tuple[str, ...] = ()

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *(StreamName(f"dispute-{dispute_id}") for dispute_id in self.disputes))


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
    events = _events(order, fact, command, pointer)
    if events and order.registered and order.cancelled_at and fact.type in OF_GOODS:
        raise ValidationFailed.at(
            f"{pointer}/at", "order_cancelled", "the order is cancelled, and its money goes back", "S88", "S66"
        )
    return events


def _events(order: Order, fact: Fact, command: OrderCommand, pointer: str) -> list[Event]:
    order_id = command.order_id
    match fact.type:
        case FactType.SHIPPED:
            return shipments.shipped(order, order_id, fact.at, fact.parcels, pointer)
        case FactType.DELIVERED | FactType.DELIVERY_CORRECTED | FactType.CARRIER_LOST:
            return shipments.reached(order, order_id, STEPS[fact.type], fact.at, fact.parcels, pointer)
        case FactType.TRACKING_CORRECTED:
            right = fact.tracking_number, fact.carrier
            return tracking_numbers.corrected(order, order_id, fact.at, fact.parcels, right, pointer)
        case FactType.FINISHED if is_first(order, order.finished_at, fact.at):
            return [OrderFinished(order_id=order_id, finished_at=fact.at, protection_ends_at=None)]
        case FactType.CANCELLED if is_first(order, order.cancelled_at, fact.at):
            event = OrderCancelled(order_id=order_id, by=fact.by or "seller", cancelled_at=fact.at)
            return cancellation.cancelled(order, command, event)
        case FactType.ACCOUNT_STATUS if fact.status and _is_latest_status(order, fact):
            return [AccountStatusChanged(order_id=order_id, status=fact.status, since=fact.at)]
    return []


class NotRecorded(StrEnum):
    """Why a fact changes nothing."""

    KNOWN_ALREADY = "known_already"
    FIRST_INSTANT_STANDS = "first_instant_stands"
    LATER_ONE_STANDS = "later_one_stands"


def why_unchanged(order: Order, fact: Fact) -> NotRecorded:
    """Of a fact that the order, as it stands, takes no news from."""
    if fact.type == FactType.ACCOUNT_STATUS:
        same = (fact.status, fact.at) == (order.account_status, order.account_since)
        return NotRecorded.KNOWN_ALREADY if same else NotRecorded.LATER_ONE_STANDS
    instants = _instants(order, fact.type)
    if fact.at in instants or not instants:
        return NotRecorded.KNOWN_ALREADY
    return NotRecorded.FIRST_INSTANT_STANDS if order.registered else NotRecorded.LATER_ONE_STANDS


def _instants(order: Order, type_: FactType) -> set[datetime | None]:
    """The instants at which this was told to have happened."""
    match type_:
        case FactType.FINISHED:
            return {order.finished_at}
        case FactType.CANCELLED:
            return {order.cancelled_at}
        case FactType.TRACKING_CORRECTED:
            return set()
        case _:
            step = STEPS.get(type_, Step.SHIPPED)
            return {told.at for told in order.shipments.told_of(step)}


def is_first(order: Order, known: datetime | None, at: datetime) -> bool:
    """Whether nothing of this kind is known; while the order is not, the latest stands: others may lie before it."""
    return known is None or (not order.registered and at > known)


def _is_latest_status(order: Order, fact: Fact) -> bool:
    """A status that comes again, or late, does not undo a later one."""
    return order.account_since is None or fact.at > order.account_since
