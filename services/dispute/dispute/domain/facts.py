"""The shop's word on an order: registration and facts, and what they make of the protection (S21–S23, K2, K3, K7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from dispute.domain import order as order_stream
from dispute.domain.commands import Fact, FactType, RecordFact, RegisteredLine, RegisterOrder
from dispute.domain.order import PROTECTION_END, Order
from dispute.domain.rejections import OrderDiffers
from shared.events.base import Event
from shared.events.calendar import from_day, within_days
from shared.events.money import Money
from shared.events.newer import known
from shared.events.order import (
    AccountStatusChanged,
    Anchor,
    DeadlineMoved,
    DeliveryCorrected,
    LineAmount,
    OrderCancelled,
    OrderCarrierLost,
    OrderDelivered,
    OrderFinished,
    OrderLine,
    OrderPaid,
    OrderRegistered,
    OrderShipped,
)

_Dated = OrderRegistered | OrderPaid | OrderShipped | OrderDelivered | OrderFinished | DeliveryCorrected


def register_order(command: RegisterOrder, order: Order) -> Sequence[Event]:
    """The order and its facts in one append; the same body again is nothing new, another body is refused."""
    if order.registered:
        if order.body_digest == command.body_digest:
            return []
        raise OrderDiffers("This order is registered with another body.")
    events: list[Event] = []
    state = order
    for event in _registration(command):
        events += (told := _protecting(state, event))
        state = _fold(state, told)
    for fact in command.facts:
        events += (told := _fact(state, fact, command.order_id))
        state = _fold(state, told)
    return events


def record_fact(command: RecordFact, order: Order) -> Sequence[Event]:
    """A fact, also one that comes before the order; the first instant of its type stands, and the latest account
    status.
    """
    return _fact(order, command.fact, command.order_id)


def opens_at(order: Order) -> datetime | None:
    """From when a dispute may be opened: None while nothing tells."""
    if (terms := order.terms) is None:
        return None
    known = (order.shipped_at, order.delivered_at, order.finished_at, order.promised_by, order.lost_at)
    return opening(*known, terms.opens_after_shipment_days, terms.timezone)


def opening(
    shipped_at: datetime | None,
    delivered_at: datetime | None,
    finished_at: datetime | None,
    promised_by: date | None,
    lost_at: datetime | None,
    after_shipment_days: int,
    timezone: str,
) -> datetime | None:
    """The earliest of: the 11th day after shipment, receipt, the day after the promised one, the carrier's loss (S21,
    K7).

    Finished is received (K2), also where no scan tells it: else the protection would run out while it is still too
    early.
    """
    shipped = from_day(shipped_at, after_shipment_days, timezone) if shipped_at else None
    promised = within_days(_noon(promised_by, timezone), 0, timezone) if promised_by else None
    return min(filter(None, (shipped, delivered_at, finished_at, promised, lost_at)), default=None)


def protection_end(order: Order) -> datetime | None:
    """The end of the protection as the facts stand (S22, K3); never earlier once the order is finished."""
    terms = order.terms
    if terms is None:
        return None
    if known(terms.anchor) == Anchor.PAID:
        return within_days(order.paid_at, terms.protection_days, terms.timezone) if order.paid_at else None
    if order.finished:
        return within_days(order.finished, terms.protection_days, terms.timezone)
    if order.promised_by:
        return within_days(_noon(order.promised_by, terms.timezone), terms.protection_days, terms.timezone)
    return within_days(order.shipped_at, terms.undelivered_fallback_days, terms.timezone) if order.shipped_at else None


def _noon(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(timezone)).astimezone(UTC)


def _fold(state: Order, events: Sequence[Event]) -> Order:
    for event in events:
        state = order_stream.evolve(state, event)
    return state


def _protecting(order: Order, event: _Dated) -> list[Event]:
    """The event with the protection's end, or followed by the move of an end that stood already."""
    end, stands = protection_end(order_stream.evolve(order, event)), order.protection_ends_at
    if order.finished and end and stands:
        end = max(end, stands)
    if end is None or end == stands or order.expired or order.over:
        return [event]
    if stands is None:
        return [event.model_copy(update={"protection_ends_at": end})]
    return [event, DeadlineMoved(kind=PROTECTION_END, previous_due_at=stands, due_at=end, rules=("S22", "S23"))]


def _fact(order: Order, fact: Fact, order_id: str) -> list[Event]:
    match fact.type:
        case FactType.SHIPPED if not order.shipped_at:
            shipped = OrderShipped(order_id=order_id, shipped_at=fact.at, parcels=fact.parcels, protection_ends_at=None)
            return _protecting(order, shipped)
        case FactType.DELIVERED if not order.delivered_at:
            return _protecting(order, OrderDelivered(order_id=order_id, delivered_at=fact.at, protection_ends_at=None))
        case FactType.DELIVERY_CORRECTED if order.delivered_at != fact.at:
            return _protecting(
                order, DeliveryCorrected(order_id=order_id, delivered_at=fact.at, protection_ends_at=None)
            )
        case FactType.FINISHED if not order.finished_at:
            return _protecting(order, OrderFinished(order_id=order_id, finished_at=fact.at, protection_ends_at=None))
        case FactType.CANCELLED if not order.cancelled_at:
            return [OrderCancelled(order_id=order_id, by=fact.by or "seller", cancelled_at=fact.at)]
        case FactType.CARRIER_LOST if not order.lost_at:
            return [OrderCarrierLost(order_id=order_id, lost_at=fact.at)]
        case FactType.ACCOUNT_STATUS if fact.status and _is_news(order, fact):
            return [AccountStatusChanged(order_id=order_id, status=fact.status, since=fact.at)]
    return []


def _is_news(order: Order, fact: Fact) -> bool:
    """A status that comes again, or late, does not undo a later one."""
    return order.account_since is None or fact.at > order.account_since


def _registration(command: RegisterOrder) -> list[_Dated]:
    lines = _capped(command.lines, command.payment.amount)
    registered = OrderRegistered(
        **{name: getattr(command, name) for name in _SAME},
        lines=lines,
        return_address_ref=command.return_address_ref,
        protection_ends_at=None,
    )
    if command.paid_at is None:
        return [registered]
    paid = OrderPaid(
        order_id=command.order_id,
        payment_id=command.payment.payment_id,
        buyer_id=command.buyer_id,
        seller_id=command.seller_id,
        method=command.payment.method,
        amount=command.payment.amount,
        lines=tuple(LineAmount(line_id=line.line_id, amount=line.cap) for line in lines),
        paid_at=command.paid_at,
        protection_ends_at=None,
    )
    return [registered, paid]


_SAME = OrderRegistered.model_fields.keys() & RegisterOrder.model_fields.keys() - {"lines"}


def _capped(lines: Sequence[RegisteredLine], paid: Money) -> tuple[OrderLine, ...]:
    """Each line with its cap: goods plus its share of what was paid beside goods, so that the caps sum to the payment
    (G9).
    """
    goods = [line.price.minor * line.quantity for line in lines]
    caps = paid.split(goods if sum(goods) else [line.quantity for line in lines])
    return tuple(OrderLine(**dict(line), cap=cap) for line, cap in zip(lines, caps, strict=True))
