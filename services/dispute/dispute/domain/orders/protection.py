"""Protection of an order: from when and until when a dispute may be opened (S21–S23, K2, K3, K7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from dispute.domain.deadlines import Counted, DeadlineKind, noon, protection_counted, release_due
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.state import Order, after
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
    Terms,
)

Dated = OrderRegistered | OrderPaid | OrderShipped | OrderDelivered | OrderFinished | DeliveryCorrected
"""Events that may give the end of the protection."""


def opens_at(order: Order) -> datetime | None:
    """From when a dispute may be opened about anything: None while nothing tells."""
    return min(filter(None, (group_opens_at(order, group) for group in order.piece_groups)), default=None)


def group_opens_at(order: Order, group: PieceGroup) -> datetime | None:
    """The earliest of: the 11th day after shipment, receipt, the day after the promised one, the carrier's loss (S21,
    K7); of what is neither shipped nor promised, some days after the payment (K3).

    Finished is received (K2), also where no scan tells it: else the protection would run out while it is still too
    early.
    """
    if (terms := order.terms) is None:
        return None
    shipped, promised, zone = group.shipped_at, order.promised_by, terms.timezone
    unshipped = order.paid_at if not (shipped or promised) else None
    instants = (
        from_day(shipped, terms.opens_after_shipment_days, zone) if shipped else None,
        within_days(noon(promised, zone), 0, zone) if promised else None,
        from_day(unshipped, terms.opens_unshipped_days, zone) if unshipped else None,
        group.delivered_at,
        order.finished_at,
        group.lost_at,
    )
    return min(filter(None, instants), default=None)


def protected_until(order: Order, groups: Iterable[PieceGroup]) -> Mapping[PieceGroup, datetime | None]:
    """Until when each group is protected: those that are longest as long as the order, which may have been moved."""
    longest, standing = protection_end(order), order.protection_ends_at
    ends = {group: _end(order, group) for group in groups}
    return {
        group: standing if not (end and standing) or end == longest else min(end, standing)
        for group, end in ends.items()
    }


def protection_end(order: Order) -> datetime | None:
    """The end of the protection as the facts stand: that of the pieces that are protected longest (S22, K3)."""
    return max(filter(None, (_end(order, group) for group in order.piece_groups)), default=None)


def protection_counted_from(order: Order) -> Counted | None:
    """From what the days are counted that give this end."""
    if not (terms := order.terms):
        return None
    found = filter(None, (_counted(order, terms, group) for group in order.piece_groups))
    return max(found, key=lambda counted: counted.due(terms), default=None)


def _end(order: Order, group: PieceGroup) -> datetime | None:
    if order.terms is None or not (counted := _counted(order, order.terms, group)):
        return None
    return counted.due(order.terms)


def _counted(order: Order, terms: Terms, group: PieceGroup) -> Counted | None:
    return protection_counted(terms, order.paid_at, order.received(group), order.promised_by, group.shipped_at)


def with_protection(order: Order, happened: Sequence[Event]) -> list[Event]:
    """What happened, with the protection's end in the last event that can name it, or followed by the move of an end
    that stood already; once all is received, the end never moves to an earlier day (K3).
    """
    then, standing = after(order, happened), order.protection_ends_at
    end = protection_end(then)
    if order.received_at and end and standing:
        end = max(end, standing)
    if not happened or end is None or end == standing or then.nothing_due or _is_over(order):
        return list(happened)
    if standing is None:
        return _naming(happened, end)
    moved = DeadlineMoved(kind=DeadlineKind.PROTECTION_END, previous_due_at=standing, due_at=end, rules=("S22", "S23"))
    return [*happened, moved]


def _naming(happened: Sequence[Event], end: datetime) -> list[Event]:
    named = list(happened)
    last = max((i for i, event in enumerate(named) if isinstance(event, Dated)), default=None)
    if last is not None:
        named[last] = named[last].model_copy(update={"protection_ends_at": end})
    return named


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
