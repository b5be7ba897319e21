"""Captures: more is taken of a payment that was authorised, for a parcel say, and may be refunded from then on (G9)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import OrderCommand
from dispute.domain.orders.cancellation import refund_due
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant
from dispute.domain.orders.payments.tenders import by_line, shares, tenders
from dispute.domain.orders.release import release_late
from dispute.domain.orders.state import Order
from dispute.domain.rejections import CaptureDiffers
from shared.events.base import Event, Message
from shared.events.fields import Quantity, WireMoney
from shared.events.moments import Moment
from shared.events.money import Money, minor_by_line
from shared.events.order import LineAmount, OrderCaptured, Tender
from shared.events.outside.ids import Id
from shared.rejections import AmountExceedsCap, NotFound, ValidationFailed


class CapturedPieces(Message):
    """So many of a line; without a quantity all of them."""

    line_id: Id
    quantity: Quantity | None = None


class RecordOrderCapture(OrderCommand):
    """So much was taken of a payment, for these pieces where they are named; without `payment_id`, of the only one.
    `ahead` is how far it may lie before now.
    """

    capture_id: Id
    payment_id: Id | None = None
    amount: WireMoney
    captured_at: Moment
    lines: Annotated[tuple[CapturedPieces, ...], Field(max_length=100)] = ()
    ahead: timedelta = SCAN_TOLERANCE


def record_order_capture(command: RecordOrderCapture, order: Order) -> list[Event]:
    """Never more than was authorised. Of an order that is cancelled it goes back at once (S66), and what is taken after
    the seller was paid is the seller's at once (S24).
    """
    if not order.registered:
        raise NotFound("There is no such order.")
    tender = _tender(order, command)
    if (known := order.taken.by_id.get(command.capture_id)) is not None:
        return _repeated(known, tender, command)
    guard_instant("/captured_at", command.captured_at, order.placed_at, command.at, command.ahead)
    captured = OrderCaptured(
        order_id=order.order_id,
        capture_id=command.capture_id,
        payment_id=tender.payment_id,
        buyer_id=order.buyer_id,
        seller_id=order.seller_id,
        method=tender.method,
        amount=command.amount,
        lines=tuple(_lines(order, tender, command)),
        captured_at=command.captured_at,
        rules=("G9",),
    )
    if order.cancelled_at:
        return [captured, *_back(order, command, captured)]
    return release_late(order, [captured], command.at)


def _repeated(known: OrderCaptured, tender: Tender, command: RecordOrderCapture) -> list[Event]:
    if (known.payment_id, known.amount) != (tender.payment_id, command.amount):
        raise CaptureDiffers("This capture was told with another payment or amount.")
    return []


def _tender(order: Order, command: RecordOrderCapture) -> Tender:
    assert order.payment
    several = tenders(order.payment) if order.paid_at else ()
    if command.payment_id is None and len(several) > 1:
        raise ValidationFailed.at("/payment_id", "missing", "which of its payments?", "G9")
    for tender in several:
        if command.payment_id in (None, tender.payment_id):
            return tender
    raise ValidationFailed.at("/payment_id", "unknown_payment", "no payment of this order", "G9")


def _lines(order: Order, tender: Tender, command: RecordOrderCapture) -> Sequence[LineAmount]:
    """Of the pieces that are named first, then of the rest of their lines, then of all: each in proportion to what is
    left of it.
    """
    assert order.payment
    whole = shares(order.payment, list(order.lines.values()))[tender.payment_id]
    left = Counter({name: share.minor for name, share in whole.items()}) - order.taken.of(tender.payment_id)
    _guard_amount(command.amount, tender.amount, left.total())
    named = _named(order, whole, left, command.lines)
    given: Counter[str] = Counter()
    for weights in (named, {name: left[name] for name in named}, left):
        room = Counter(weights) - given
        if part := min(command.amount.minor - given.total(), room.total()):
            given += minor_by_line(by_line(_money(part, command.amount), room))
    return [LineAmount(line_id=name, amount=_money(given[name], command.amount)) for name in order.lines if given[name]]


def _guard_amount(amount: Money, authorised: Money, left: int) -> None:
    if not amount.same_currency(authorised):
        raise ValidationFailed.at("/amount/currency", "wrong_currency", "not the payment's", "G9")
    if not amount:
        raise ValidationFailed.at("/amount/amount", "not_positive", "the amount is more than nothing", "G9")
    if left < amount.minor:
        rest = _money(left, amount)
        cap = {"amount": rest.amount, "currency": rest.currency}
        raise AmountExceedsCap("More than is left of what was authorised.", cap=cap)


def _named(
    order: Order, whole: Mapping[str, Money], left: Mapping[str, int], lines: Sequence[CapturedPieces]
) -> Mapping[str, int]:
    """What the pieces are to pay for, as far as it was not taken yet."""
    found: dict[str, int] = {}
    for i, pieces in enumerate(lines):
        if pieces.line_id not in order.lines:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no such line", "S109")
        if pieces.line_id in found:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        ordered = order.lines[pieces.line_id].quantity
        if pieces.quantity and pieces.quantity > ordered:
            raise ValidationFailed.at(f"/lines/{i}/quantity", "above_ordered", "more than was ordered", "S109")
        others = ordered - (pieces.quantity or ordered)
        share = whole[pieces.line_id].split([ordered - others, others])[0].minor
        found[pieces.line_id] = min(share, left.get(pieces.line_id, 0))
    return found


def _back(order: Order, command: RecordOrderCapture, captured: OrderCaptured) -> list[Event]:
    """What was taken of an order that is cancelled, of each seller's lines."""
    parts: dict[str, list[LineAmount]] = defaultdict(list)
    for part in captured.lines if order.in_escrow else ():
        parts[order.lines[part.line_id].seller_id].append(part)
    return [refund_due(order, command, lines, seller) for seller, lines in parts.items()]


def _money(minor: int, like: Money) -> Money:
    return Money(minor, like.currency, like.exponent)
