"""State of an order: facts, protection, and what is held, refunded and released of each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce
from typing import Any

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.orders.instants import of_the_order
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import ARRIVALS, PieceGroup, ShipmentFact, ShipmentHistory, Step
from dispute.domain.orders.payments.gifts import GIVEN, Gifts, with_gift
from dispute.domain.orders.payments.hold import Chargebacks, bank_paid
from dispute.domain.orders.payments.taken import Taken, captured
from dispute.domain.orders.refund import OrderReturn, Refund, noted, noted_last, paid_back, promised, returned
from dispute.domain.orders.reopenings import Reopenings
from shared.events import order as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import RefundDue, RefundNoted, ReturnDue, ReturnNoted
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.parties import NOBODY, Parties


@dataclass(frozen=True, slots=True)
class Order:
    """The fold of one order's stream."""

    order_id: str = ""
    buyer_id: str = ""
    seller_id: str = ""
    channel: str = ""
    payment: events.OrderPayment | None = None
    lines: Mapping[str, Line] = field(default_factory=dict)
    terms: events.Terms | None = None
    body_digest: str = ""
    account_status: str = "good"
    account_since: datetime | None = None
    ship_to: events.ShipTo | None = None
    return_address_ref: str | None = None
    return_country: str | None = None
    free_return_confirmed: bool = False
    promised_by: date | None = None
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    shipments: ShipmentHistory = ShipmentHistory()
    finished_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    taken: Taken = Taken()
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    notes: Mapping[str, RefundNoted] = field(default_factory=dict)
    protection_ends_at: datetime | None = None
    release_at: datetime | None = None
    reopenings: Reopenings = Reopenings()
    reports: tuple[events.SellerReported, ...] = ()
    goodwill: tuple[events.GoodwillGranted, ...] = ()
    gifts: Gifts = Gifts()
    returns: Mapping[str, OrderReturn] = field(default_factory=dict)
    chargebacks: Chargebacks = Chargebacks()
    warranties: Mapping[str, events.WarrantyNoted] = field(default_factory=dict)
    expired: bool = False
    completed: bool = False

    @property
    def registered(self) -> bool:
        return self.terms is not None

    @property
    def parties(self) -> Parties:
        """The buyer, and the sellers of any of its lines."""
        sellers = {self.seller_id, *(line.seller_id for line in self.lines.values())}
        return Parties("order", self.buyer_id, sellers) if self.registered else NOBODY

    @property
    def in_escrow(self) -> bool:
        """Its money is with the platform, so that some can go back."""
        return self.paid_at is not None and self.payment is not None and self.payment.payee == "escrow"

    @property
    def piece_groups(self) -> Sequence[PieceGroup]:
        """Its pieces by how far they have come."""
        return self.shipments.groups({name: line.quantity for name, line in self.lines.items()})

    @property
    def delivered_at(self) -> datetime | None:
        """The last delivery, once all has come."""
        instants = [group.delivered_at for group in self.piece_groups]
        return max(filter(None, instants), default=None) if all(instants) else None

    @property
    def received_at(self) -> datetime | None:
        """From when the protection counts, once all was received (K3)."""
        instants = [self.received(group) for group in self.piece_groups]
        return max(filter(None, instants), default=None) if all(instants) else None

    def received(self, group: PieceGroup) -> datetime | None:
        """From when the protection of these pieces counts (K3): their delivery, or that it was finished later."""
        return max(filter(None, (group.received_at, self.finished_at)), default=None)

    @property
    def nothing_due(self) -> bool:
        """It was cancelled, or no line is left."""
        return self.completed or self.cancelled_at is not None

    @property
    def releasable(self) -> Sequence[Line]:
        """The lines on which something is left that nothing holds."""
        return [line for line in self.lines.values() if line.releasable]

    def protection_over(self, now: datetime) -> bool:
        return self.protection_ends_at is not None and now >= self.protection_ends_at

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        if self.nothing_due or self.chargebacks.open:
            return None
        if kind == DeadlineKind.PROTECTION_END:
            return None if self.expired else self.protection_ends_at
        return self.release_at if kind == DeadlineKind.RELEASE and (self.releasable or all_done(self.lines)) else None


def evolve(order: Order, event: Event) -> Order:  # noqa: C901 - one arm an event
    match event:
        case events.OrderRegistered():
            return _registered(order, event)
        case events.OrderPaid():
            return _protected(replace(order, paid_at=event.paid_at, taken=Taken(event.payments)), event)
        case events.OrderCaptured():
            return replace(order, taken=order.taken.with_one(event), lines=captured(order.lines, event))
        case events.OrderShipped():
            return _protected(_told(order, Step.SHIPPED, event.shipped_at, event.parcels), event)
        case events.OrderDelivered() | events.DeliveryCorrected():
            told = _told(order, ARRIVALS[type(event)], event.delivered_at, (), event.parcels, event.lines)
            return _protected(told, event)
        case events.OrderFinished():
            return _protected(replace(order, finished_at=event.finished_at), event)
        case events.OrderCancelled():
            return replace(order, cancelled_at=event.cancelled_at, cancelled_by=event.by)
        case events.SellerReported():
            return replace(order, reports=(*order.reports, event))
        case RefundDue():
            return _with_refunds(order, {**order.refunds, event.refund_id: Refund(event)})
        case events.WarrantyNoted():
            return replace(order, warranties={**order.warranties, event.warranty_id: event})
        case ReturnDue() | ReturnNoted():
            return replace(order, returns=returned(order.returns, event))
        case events.OrderCarrierLost():
            return _told(order, Step.LOST, event.lost_at, (), event.parcels, event.lines)
        case events.TrackingCorrected():
            return replace(order, shipments=order.shipments.renumbered(event))
        case events.AccountStatusChanged():
            return replace(order, account_status=event.status, account_since=event.since)
        case DeadlineMoved():
            return _moved(order, event)
        case events.PaymentHeld():
            return _held(order, event)
        case events.PaymentHoldLifted():
            return _with_lines(order, event.lines, lambda line: line.lifted(event))
        case events.PaymentReleased():
            return _released(order, event)
        case RefundNoted():
            return _refunded(order, event)
        case ExternalChargebackOpened() | ExternalChargebackResolved():
            return replace(order, chargebacks=order.chargebacks.after(event), lines=bank_paid(order.lines, event))
        case events.ProtectionExpired():
            return replace(order, expired=True, release_at=event.release_at)
        case events.OrderCompleted():
            return replace(order, completed=True)
        case given if isinstance(given, GIVEN):
            return _with_refunds(replace(order, **with_gift(order, given)), order.refunds)
    return order


def after(order: Order, happened: Iterable[Event]) -> Order:
    """The order once this has happened too."""
    return reduce(evolve, happened, order)


def _protected(order: Order, event: Any) -> Order:
    return replace(order, protection_ends_at=event.protection_ends_at) if event.protection_ends_at else order


def _moved(order: Order, event: DeadlineMoved) -> Order:
    if event.kind == DeadlineKind.PROTECTION_END:  # a receipt that is told between P and R puts off both
        return replace(order, protection_ends_at=event.due_at, expired=False, release_at=None)
    is_release = event.kind == DeadlineKind.RELEASE and order.release_at is not None
    return replace(order, release_at=event.due_at) if is_release else order


def _told(order: Order, *fact: Any) -> Order:
    return replace(order, shipments=order.shipments.after(ShipmentFact(*fact)))


def _registered(order: Order, event: events.OrderRegistered) -> Order:
    order = of_the_order(order, event.placed_at)
    registered = replace(
        order,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        channel=event.channel,
        payment=event.payment,
        lines={line.line_id: Line.of(line) for line in event.lines},
        terms=event.terms,
        body_digest=event.body_digest,
        account_status=order.account_status if order.account_since else event.buyer_account_status,
        ship_to=event.ship_to,
        return_address_ref=event.return_address_ref,
        return_country=event.return_country,
        free_return_confirmed=event.free_return_confirmed,
        promised_by=event.promised_by,
        placed_at=event.placed_at,
    )
    return _protected(registered, event)


def _with_lines(order: Order, names: Iterable[str], change: Callable[[Line], Line]) -> Order:
    return replace(order, lines={**order.lines, **{name: change(order.lines[name]) for name in names}})


def _held(order: Order, event: events.PaymentHeld) -> Order:
    held = {part.line_id: part for part in event.lines}
    order = replace(order, returns=returned(order.returns, event)) if event.return_id else order
    if event.dispute_id and order.terms and any(order.lines[x.line_id].is_again(x.quantity) for x in event.lines):
        order = replace(order, reopenings=order.reopenings.one_more(event.held_at, order.terms.timezone))
    return _with_lines(order, held, lambda line: line.held_for(event, held[line.line_id]))


def _released(order: Order, event: events.PaymentReleased) -> Order:
    parts = {part.line_id: part.amount for part in event.lines}
    order = order if event.dispute_id else replace(order, release_at=None)
    return _with_lines(order, parts, lambda line: line.paid_out(parts[line.line_id], event))


def _with_refunds(order: Order, refunds: Mapping[str, Refund]) -> Order:
    return replace(order, refunds=refunds, lines=promised(refunds, order.gifts, order.lines))


def _refunded(order: Order, event: RefundNoted) -> Order:
    order = replace(order, notes=noted_last(order.notes, event), lines=paid_back(order.lines, event, order.refunds))
    return _with_refunds(order, noted(order.refunds, event)) if event.refund_id in order.refunds else order


def all_done(lines: Mapping[str, Line]) -> bool:
    """Nothing is left of an order's lines: where something is still to be taken of one, R is the end of it (S24)."""
    return all(line.done for line in lines.values())
