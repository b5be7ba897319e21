"""State of an order: facts, protection, and what is held, refunded and released of each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.orders.line import Line
from dispute.domain.orders.openings import Openings
from shared.decider import Clear, Start
from shared.events import order as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import RefundNoted, RefundOutcome
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
    openings: Openings = Openings()
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
    def received_at(self) -> datetime | None:
        """From when the protection counts (K3): the delivery, or a later fact that the order is finished."""
        return max(filter(None, (self.delivered_at, self.finished_at)), default=None)

    @property
    def nothing_due(self) -> bool:
        """It was cancelled, or no line is left."""
        return self.completed or self.cancelled_at is not None

    @property
    def releasable(self) -> Sequence[Line]:
        """The lines that nothing holds and on which something is left."""
        return [line for line in self.lines.values() if not line.held and line.remainder]

    def protection_over(self, now: datetime) -> bool:
        return self.protection_ends_at is not None and now >= self.protection_ends_at

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        if self.nothing_due:
            return None
        match kind:
            case DeadlineKind.PROTECTION_END:
                return None if self.expired else self.protection_ends_at
            case DeadlineKind.RELEASE:
                return self.release_at if self.releasable else None
            case _:
                return None


def evolve(order: Order, event: Event) -> Order:  # noqa: C901 - one arm an event
    match event:
        case events.OrderRegistered():
            return _registered(order, event)
        case events.OrderPaid():
            return _protected(replace(order, paid_at=event.paid_at), event.protection_ends_at)
        case events.OrderShipped():
            return _protected(replace(order, shipped_at=event.shipped_at), event.protection_ends_at)
        case events.OrderDelivered() | events.DeliveryCorrected():
            return _protected(replace(order, delivered_at=event.delivered_at), event.protection_ends_at)
        case events.OrderFinished():
            return _protected(replace(order, finished_at=event.finished_at), event.protection_ends_at)
        case events.OrderCancelled():
            return replace(order, cancelled_at=event.cancelled_at)
        case events.OrderCarrierLost():
            return replace(order, lost_at=event.lost_at)
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
        case events.ProtectionExpired():
            return replace(order, expired=True, release_at=event.release_at)
        case events.OrderCompleted():
            return replace(order, completed=True)
        case _:
            return order


def after(order: Order, happened: Iterable[Event]) -> Order:
    """The order once this has happened too."""
    return reduce(evolve, happened, order)


KINDS = (DeadlineKind.PROTECTION_END, DeadlineKind.RELEASE)
"""Of an order's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """P starts with the fact that gives its end and moves with it; R follows P, and ends with a release of its own."""
    match event:
        case events.OrderRegistered() | events.OrderPaid() | events.OrderShipped() | events.OrderDelivered():
            return _start(event.protection_ends_at)
        case events.OrderFinished() | events.DeliveryCorrected():
            return _start(event.protection_ends_at)
        case events.ProtectionExpired():
            return (Clear(DeadlineKind.PROTECTION_END), Start(DeadlineKind.RELEASE, event.release_at))
        case events.PaymentReleased(dispute_id=None):
            return (Clear(DeadlineKind.RELEASE),)
        case events.OrderCompleted() | events.OrderCancelled():
            return map(Clear, KINDS)
        case _:
            return ()


def _start(ends_at: datetime | None) -> Iterable[Start]:
    return (Start(DeadlineKind.PROTECTION_END, ends_at),) if ends_at else ()


def _protected(order: Order, ends_at: datetime | None) -> Order:
    return replace(order, protection_ends_at=ends_at) if ends_at else order


def _moved(order: Order, event: DeadlineMoved) -> Order:
    match event.kind:
        case DeadlineKind.PROTECTION_END:
            # A receipt that is told between P and R puts off both.
            return replace(order, protection_ends_at=event.due_at, expired=False, release_at=None)
        case DeadlineKind.RELEASE if order.release_at:
            return replace(order, release_at=event.due_at)
        case _:
            return order


def _registered(order: Order, event: events.OrderRegistered) -> Order:
    lines = {line.line_id: Line.of(line) for line in event.lines}
    registered = replace(
        order,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        channel=event.channel,
        payment=event.payment,
        lines=lines,
        terms=event.terms,
        body_digest=event.body_digest,
        account_status=order.account_status if order.account_since else event.buyer_account_status,
        ship_to=event.ship_to,
        return_address_ref=event.return_address_ref,
        promised_by=event.promised_by,
        placed_at=event.placed_at,
    )
    return _protected(registered, event.protection_ends_at)


def _with_lines(order: Order, names: Iterable[str], change: Callable[[Line], Line]) -> Order:
    return replace(order, lines={**order.lines, **{name: change(order.lines[name]) for name in names}})


def _held(order: Order, event: events.PaymentHeld) -> Order:
    again = event.dispute_id and any(order.lines[name].disputed for name in event.lines)
    if again and order.terms:
        order = replace(order, openings=order.openings.one_more(event.held_at, order.terms.timezone))
    return _with_lines(order, event.lines, lambda line: line.held_for(event))


def _released(order: Order, event: events.PaymentReleased) -> Order:
    released = _with_lines(
        order, (part.line_id for part in event.lines), lambda line: replace(line, held_by=None, released=True)
    )
    return released if event.dispute_id else replace(released, release_at=None)


def _refunded(order: Order, event: RefundNoted) -> Order:
    if event.outcome != RefundOutcome.ISSUED:
        return order
    parts = {part.line_id: part.amount for part in event.lines}
    return _with_lines(order, parts, lambda line: replace(line, refunded=line.refunded + parts[line.line_id]))
