"""An order as this service learned it: facts, protection, and what is held, refunded and released per line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from shared.decider import Clear, Start
from shared.events import dispute as disputes
from shared.events import order as orders
from shared.events.base import Event
from shared.events.money import Money

PROTECTION_END = "protection_end"
"""P: until then a dispute may be opened."""
RELEASE = "release"
"""R: then the seller is paid for what nothing holds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One order line: at most one dispute holds it; released and refunded together never exceed the cap."""

    line_id: str
    seller_id: str
    quantity: int
    cap: Money
    flags: tuple[str, ...]
    refunded: Money
    held_by: str | None = None
    agreed: bool = False
    released: bool = False
    reopens: str | None = None

    @property
    def remainder(self) -> Money:
        """What is neither refunded nor released."""
        return Money.zero(self.cap) if self.released else self.cap - self.refunded

    @property
    def settled(self) -> bool:
        """It was released or fully refunded; a gift, on which nothing was paid, was neither."""
        return self.released or bool(self.cap and not self.remainder)

    @property
    def done(self) -> bool:
        """Nothing is left to dispute, refund or release."""
        return not self.held_by and not self.remainder

    def refundable(self, quantity: int) -> Money:
        """The cap for part of the quantity: pro rata, and never more than what is left (G9)."""
        part = self.cap.split([quantity, self.quantity - quantity])[0]
        return min(part, self.remainder)


@dataclass(frozen=True, slots=True)
class Order:
    """The fold of one order's stream."""

    order_id: str = ""
    buyer_id: str = ""
    seller_id: str = ""
    channel: str = ""
    payment: orders.OrderPayment | None = None
    lines: Mapping[str, Line] = field(default_factory=dict)
    terms: orders.Terms | None = None
    body_digest: str = ""
    account_status: str = "good"
    account_since: datetime | None = None
    ship_to: orders.ShipTo | None = None
    return_address_ref: str | None = None
    promised_by: date | None = None
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    finished_at: datetime | None = None
    lost_at: datetime | None = None
    cancelled_at: datetime | None = None
    protection_ends_at: datetime | None = None
    release_at: datetime | None = None
    expired: bool = False
    completed: bool = False

    @property
    def registered(self) -> bool:
        return self.terms is not None

    @property
    def finished(self) -> datetime | None:
        """When the clock of the protection began (K3): the delivery, or the shop's later word."""
        return max(filter(None, (self.delivered_at, self.finished_at)), default=None)

    @property
    def over(self) -> bool:
        """Nothing more falls due: it was cancelled, or no line is left."""
        return self.completed or self.cancelled_at is not None

    def protection_over(self, now: datetime) -> bool:
        return self.protection_ends_at is not None and now >= self.protection_ends_at

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        if self.over:
            return None
        standing = {PROTECTION_END: None if self.expired else self.protection_ends_at, RELEASE: self.release_at}
        return standing.get(kind)


def evolve(state: Order, event: Event) -> Order:  # noqa: C901 - one arm an event
    match event:
        case orders.OrderRegistered():
            return _registered(state, event)
        case orders.OrderPaid():
            return _protected(replace(state, paid_at=event.paid_at), event.protection_ends_at)
        case orders.OrderShipped():
            return _protected(replace(state, shipped_at=event.shipped_at), event.protection_ends_at)
        case orders.OrderDelivered() | orders.DeliveryCorrected():
            return _protected(replace(state, delivered_at=event.delivered_at), event.protection_ends_at)
        case orders.OrderFinished():
            return _protected(replace(state, finished_at=event.finished_at), event.protection_ends_at)
        case orders.OrderCancelled():
            return replace(state, cancelled_at=event.cancelled_at)
        case orders.OrderCarrierLost():
            return replace(state, lost_at=event.lost_at)
        case orders.AccountStatusChanged():
            return replace(state, account_status=event.status, account_since=event.since)
        case orders.DeadlineMoved():
            return replace(state, protection_ends_at=event.due_at)
        case orders.PaymentHeld():
            return _lines(state, event.lines, lambda line: replace(line, held_by=event.dispute_id))
        case orders.PaymentHoldLifted():
            return _lines(state, event.lines, lambda line: _lifted(line, event))
        case orders.PaymentReleased():
            return _released(state, event)
        case disputes.RefundNoted():
            return _refunded(state, event)
        case orders.ProtectionExpired():
            return replace(state, expired=True, release_at=event.release_at)
        case orders.OrderCompleted():
            return replace(state, completed=True)
        case _:
            return state


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """P starts with the fact that gives its end and moves with it; R follows P, and ends with a release of its own."""
    match event:
        case orders.OrderRegistered() | orders.OrderPaid() | orders.OrderShipped() | orders.OrderDelivered():
            return _start(event.protection_ends_at)
        case orders.OrderFinished() | orders.DeliveryCorrected():
            return _start(event.protection_ends_at)
        case orders.DeadlineMoved():
            return (Start(event.kind, event.due_at),)
        case orders.ProtectionExpired():
            return (Clear(PROTECTION_END), Start(RELEASE, event.release_at))
        case orders.PaymentReleased(dispute_id=None):
            return (Clear(RELEASE),)
        case orders.OrderCompleted() | orders.OrderCancelled():
            return (Clear(PROTECTION_END), Clear(RELEASE))
        case _:
            return ()


def _start(ends_at: datetime | None) -> Iterable[Start]:
    return (Start(PROTECTION_END, ends_at),) if ends_at else ()


def _protected(state: Order, ends_at: datetime | None) -> Order:
    return replace(state, protection_ends_at=ends_at) if ends_at else state


def _registered(state: Order, event: orders.OrderRegistered) -> Order:
    lines = {line.line_id: _line(line) for line in event.lines}
    registered = replace(
        state,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        channel=event.channel,
        payment=event.payment,
        lines=lines,
        terms=event.terms,
        body_digest=event.body_digest,
        account_status=state.account_status if state.account_since else event.buyer_account_status,
        ship_to=event.ship_to,
        return_address_ref=event.return_address_ref,
        promised_by=event.promised_by,
        placed_at=event.placed_at,
    )
    return _protected(registered, event.protection_ends_at)


def _line(line: orders.OrderLine) -> Line:
    return Line(line.line_id, line.seller_id, line.quantity, line.cap, line.flags, refunded=Money.zero(line.cap))


def _lines(state: Order, names: Iterable[str], change: Callable[[Line], Line]) -> Order:
    return replace(state, lines={**state.lines, **{name: change(state.lines[name]) for name in names}})


def _lifted(line: Line, event: orders.PaymentHoldLifted) -> Line:
    reopens = event.dispute_id if event.because == orders.HoldEnd.CANCELLED else None
    return replace(line, held_by=None, agreed=event.because == orders.HoldEnd.AGREED, reopens=reopens)


def _released(state: Order, event: orders.PaymentReleased) -> Order:
    released = _lines(
        state, (part.line_id for part in event.lines), lambda line: replace(line, held_by=None, released=True)
    )
    return released if event.dispute_id else replace(released, release_at=None)


def _refunded(state: Order, event: disputes.RefundNoted) -> Order:
    if event.outcome != disputes.RefundOutcome.ISSUED:
        return state
    parts = {part.line_id: part.amount for part in event.lines}
    return _lines(state, parts, lambda line: replace(line, refunded=line.refunded + parts[line.line_id]))
