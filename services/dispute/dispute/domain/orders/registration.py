"""Registration of an order: its lines with the cap of each, its payment, and the facts so far, in one append (G9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from dispute.domain.commands import OrderCommand, text_ref, texts_about
from dispute.domain.orders.cancellation import money_back
from dispute.domain.orders.facts import Fact, FactType, ahead_of, decide_fact
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant, guard_placed, guard_promise
from dispute.domain.orders.payments.caps import line_caps
from dispute.domain.orders.payments.tenders import captured_of, taken_at_first
from dispute.domain.orders.protection import with_protection
from dispute.domain.orders.state import Order, after
from dispute.domain.rejections import OrderDiffers
from shared.events.base import Event, Instant, Message, Personal
from shared.events.fields import NO_CURRENCY
from shared.events.money import ACTIVE, Money
from shared.events.order import (
    OrderLine,
    OrderPaid,
    OrderPayment,
    OrderRegistered,
    ShipTo,
    Terms,
)
from shared.rejections import ValidationFailed


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
    return_country: str | None = None
    free_return_confirmed: bool
    ship_to: ShipTo
    ship_to_address: str | None = None
    promised_by: date | None
    placed_at: Instant
    facts: tuple[Fact, ...]
    body_digest: str
    ahead: timedelta = SCAN_TOLERANCE

    @property
    def return_address_ref(self) -> str | None:
        return text_ref(self, "return_address") if self.return_address else None

    @property
    def destination(self) -> ShipTo:
        """Where it goes, with the ref of its address."""
        ref = text_ref(self, "ship_to_address") if self.ship_to_address else None
        return self.ship_to.model_copy(update={"address_ref": ref})

    @property
    def personal(self) -> Sequence[Personal]:
        return (
            *texts_about(self.seller_id, self, return_address=self.return_address),
            *texts_about(self.buyer_id, self, ship_to_address=self.ship_to_address),
        )


def register_order(command: RegisterOrder, order: Order) -> Sequence[Event]:
    """The order and its facts in one append; the same body again is nothing new, another body is refused."""
    if order.registered:
        if order.body_digest == command.body_digest:
            return []
        raise OrderDiffers("This order is registered with another body.")
    _guard_instants(command)
    _guard_currency(command.payment.amount.currency)
    events = _registration(command)
    state = after(order, events)
    if state.cancelled_at:
        events += money_back(state, command, {})
    for i, fact in _in_time(command.facts):
        events += (decided := decide_fact(state, fact, command, f"/facts/{i}"))
        state = after(state, decided)
    return with_protection(order, events)


def _in_time(facts: Sequence[Fact]) -> Sequence[tuple[int, Fact]]:
    """The facts with their numbers; where the order was cancelled, as they happened: what came first counts (S88)."""
    numbered = list(enumerate(facts))
    is_cancelled = any(fact.type == FactType.CANCELLED for fact in facts)
    return sorted(numbered, key=lambda one: one[1].at) if is_cancelled else numbered


def _guard_instants(command: RegisterOrder) -> None:
    placed_at, now = command.placed_at, command.at
    guard_placed(placed_at, now, command.ahead)
    guard_promise(command.promised_by, placed_at, command.terms.timezone)
    if command.paid_at:
        guard_instant("/payment/paid_at", command.paid_at, placed_at, now, command.ahead)
    for i, fact in enumerate(command.facts):
        guard_instant(f"/facts/{i}/at", fact.at, placed_at, now, ahead_of(fact, command.ahead))


def _guard_currency(currency: str) -> None:
    """One that was withdrawn is taken for what was paid in it before, and for no new order."""
    if currency not in ACTIVE:
        raise ValidationFailed.at("/payment/amount", "currency", NO_CURRENCY)


def _registration(command: RegisterOrder) -> list[Event]:
    lines = _with_captured(_with_caps(command.lines, command.payment.amount), command.payment)
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
        return_country=command.return_country,
        free_return_confirmed=command.free_return_confirmed,
        ship_to=command.destination,
        promised_by=command.promised_by,
        placed_at=command.placed_at,
        body_digest=command.body_digest,
        protection_ends_at=None,
    )
    return [registered, _paid(command, lines)] if command.paid_at else [registered]


def _paid(command: RegisterOrder, lines: Sequence[OrderLine]) -> OrderPaid:
    assert command.paid_at
    return OrderPaid(
        order_id=command.order_id,
        buyer_id=command.buyer_id,
        seller_id=command.seller_id,
        payments=tuple(taken_at_first(command.payment, lines)),
        paid_at=command.paid_at,
        protection_ends_at=None,
    )


def _with_caps(lines: Sequence[RegisteredLine], paid: Money) -> tuple[OrderLine, ...]:
    caps = line_caps([(line.price, line.quantity) for line in lines], paid)
    return tuple(OrderLine(**dict(line), cap=cap) for line, cap in zip(lines, caps, strict=True))


def _with_captured(lines: tuple[OrderLine, ...], payment: OrderPayment) -> tuple[OrderLine, ...]:
    """The lines with what was taken of them, where some of it is only authorised."""
    if all(tender.captured == tender.amount for tender in payment.parts):
        return lines
    parts = taken_at_first(payment, lines)
    return tuple(line.model_copy(update={"captured": captured_of(line.line_id, parts, line.cap)}) for line in lines)
