"""Facts of an order as the shop tells them: its registration, and what has happened to it since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from dispute.domain.commands import OrderCommand, text_ref, texts_about
from dispute.domain.orders.caps import line_caps
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant
from dispute.domain.orders.protection import Dated, with_protection
from dispute.domain.orders.state import Order, after
from dispute.domain.rejections import OrderDiffers
from shared.events.base import Event, Instant, Message, Personal
from shared.events.money import Money
from shared.events.order import (
    AccountStatusChanged,
    DeliveryCorrected,
    LineAmount,
    OrderCancelled,
    OrderCarrierLost,
    OrderDelivered,
    OrderFinished,
    OrderLine,
    OrderPaid,
    OrderPayment,
    OrderRegistered,
    OrderShipped,
    Parcel,
    PaymentPart,
    ShipTo,
    Terms,
)


class FactType(StrEnum):
    """What the shop and the carriers tell of an order."""

    SHIPPED = "shipped"
    DELIVERED = "delivered"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    CARRIER_LOST = "carrier_lost"
    DELIVERY_CORRECTED = "delivery_corrected"
    ACCOUNT_STATUS = "account_status"


SCANS = frozenset({FactType.SHIPPED, FactType.DELIVERED, FactType.CARRIER_LOST, FactType.DELIVERY_CORRECTED})
"""What carriers tell by machine; all else is the word of people."""


class Fact(Message):
    """One fact and its instant, which the shop gives."""

    type: FactType
    at: Instant
    parcels: tuple[Parcel, ...] = ()
    by: str | None = None
    status: str | None = None


class RegisteredLine(Message):
    """An order line as the shop knows it."""

    line_id: str
    seller_id: str
    sku: str
    category: str
    price: Money
    quantity: int
    weight_kg: Decimal | None
    dimensions_cm: tuple[Decimal, ...]
    flags: tuple[str, ...]
    listing_warranty: str | None


class RegisterOrder(OrderCommand):
    buyer_id: str
    seller_id: str
    channel: str
    payment: OrderPayment
    paid_at: Instant | None
    lines: tuple[RegisteredLine, ...]
    terms: Terms
    buyer_account_status: str
    return_address: str | None
    free_return_confirmed: bool
    ship_to: ShipTo
    promised_by: date | None
    placed_at: Instant
    facts: tuple[Fact, ...]
    body_digest: str
    ahead: timedelta = SCAN_TOLERANCE

    @property
    def return_address_ref(self) -> str | None:
        return text_ref(self, "return_address") if self.return_address else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.seller_id, self, return_address=self.return_address)


class RecordFact(OrderCommand):
    """`ahead` is how far a fact that is no scan may lie before now."""

    fact: Fact
    ahead: timedelta = SCAN_TOLERANCE


def register_order(command: RegisterOrder, order: Order) -> Sequence[Event]:
    """The order and its facts in one append; the same body again is nothing new, another body is refused."""
    if order.registered:
        if order.body_digest == command.body_digest:
            return []
        raise OrderDiffers("This order is registered with another body.")
    _guard_instants(command)
    events: list[Event] = []
    for dated in _registration(command):
        events += (decided := with_protection(order, dated))
        order = after(order, decided)
    for fact in command.facts:
        events += (decided := _recorded(order, fact, command.order_id))
        order = after(order, decided)
    return events


def record_fact(command: RecordFact, order: Order) -> Sequence[Event]:
    """A fact, also one that comes before the order; the first instant of its type stands, and the latest account
    status.
    """
    fact = command.fact
    guard_instant("/at", fact.at, order.placed_at, command.at, _ahead(fact, command.ahead))
    return _recorded(order, fact, command.order_id)


def _guard_instants(command: RegisterOrder) -> None:
    placed_at, now = command.placed_at, command.at
    guard_instant("/placed_at", placed_at, None, now, command.ahead)
    if command.paid_at:
        guard_instant("/payment/paid_at", command.paid_at, placed_at, now, command.ahead)
    for i, fact in enumerate(command.facts):
        guard_instant(f"/facts/{i}/at", fact.at, placed_at, now, _ahead(fact, command.ahead))


def _ahead(fact: Fact, ahead: timedelta) -> timedelta:
    return SCAN_TOLERANCE if fact.type in SCANS else ahead


def _recorded(order: Order, fact: Fact, order_id: str) -> list[Event]:
    match fact.type:
        case FactType.CANCELLED if not order.cancelled_at:
            return [OrderCancelled(order_id=order_id, by=fact.by or "seller", cancelled_at=fact.at)]
        case FactType.CARRIER_LOST if not order.lost_at:
            return [OrderCarrierLost(order_id=order_id, lost_at=fact.at)]
        case FactType.ACCOUNT_STATUS if fact.status and _is_latest_status(order, fact):
            return [AccountStatusChanged(order_id=order_id, status=fact.status, since=fact.at)]
    dated = _dated(order, fact, order_id)
    return with_protection(order, dated) if dated else []


def _dated(order: Order, fact: Fact, order_id: str) -> Dated | None:
    """The event of a fact on which the protection may depend; None where the fact is known."""
    match fact.type:
        case FactType.SHIPPED if not order.shipped_at:
            return OrderShipped(order_id=order_id, shipped_at=fact.at, parcels=fact.parcels, protection_ends_at=None)
        case FactType.DELIVERED if not order.delivered_at:
            return OrderDelivered(order_id=order_id, delivered_at=fact.at, protection_ends_at=None)
        case FactType.DELIVERY_CORRECTED if order.delivered_at != fact.at:
            return DeliveryCorrected(order_id=order_id, delivered_at=fact.at, protection_ends_at=None)
        case FactType.FINISHED if not order.finished_at:
            return OrderFinished(order_id=order_id, finished_at=fact.at, protection_ends_at=None)
    return None


def _is_latest_status(order: Order, fact: Fact) -> bool:
    """A status that comes again, or late, does not undo a later one."""
    return order.account_since is None or fact.at > order.account_since


def _registration(command: RegisterOrder) -> list[Dated]:
    lines = _with_caps(command.lines, command.payment.amount)
    registered = OrderRegistered(
        order_id=command.order_id,
        buyer_id=command.buyer_id,
        seller_id=command.seller_id,
        channel=command.channel,
        payment=command.payment,
        lines=lines,
        terms=command.terms,
        buyer_account_status=command.buyer_account_status,
        return_address_ref=command.return_address_ref,
        free_return_confirmed=command.free_return_confirmed,
        ship_to=command.ship_to,
        promised_by=command.promised_by,
        placed_at=command.placed_at,
        body_digest=command.body_digest,
        protection_ends_at=None,
    )
    return [registered, _paid(command, lines)] if command.paid_at else [registered]


def _paid(command: RegisterOrder, lines: Sequence[OrderLine]) -> OrderPaid:
    assert command.paid_at
    payment = PaymentPart(
        payment_id=command.payment.payment_id,
        method=command.payment.method,
        amount=command.payment.amount,
        lines=tuple(LineAmount(line_id=line.line_id, amount=line.cap) for line in lines),
    )
    return OrderPaid(
        order_id=command.order_id,
        buyer_id=command.buyer_id,
        seller_id=command.seller_id,
        payments=(payment,),
        paid_at=command.paid_at,
        protection_ends_at=None,
    )


def _with_caps(lines: Sequence[RegisteredLine], paid: Money) -> tuple[OrderLine, ...]:
    caps = line_caps([(line.price, line.quantity) for line in lines], paid)
    return tuple(OrderLine(**dict(line), cap=cap) for line, cap in zip(lines, caps, strict=True))
