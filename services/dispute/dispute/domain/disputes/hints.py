"""Hints: what the parties are told beside a dispute that is accepted (S19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.orders.parcels import Lot
from dispute.domain.orders.pieces import NamedPieces
from dispute.domain.orders.state import Order
from shared.events.calendar import within_days
from shared.events.dispute import Hint, Reason
from shared.events.order import Terms


def hints(order: Order, named: Sequence[NamedPieces], reason: Reason, at: datetime) -> tuple[Hint, ...]:
    """What never came may only not show yet: a tracking number looks invalid for some days from the shipment (S19)."""
    assert order.terms
    numbers = {parcel for parcel, shown in order.way.parcels.items() if shown.tracking_number} | set(order.way.numbers)
    lots = (lot for pieces in named for lot in pieces.lots if not numbers.isdisjoint(lot.parcels))
    lags = reason == Reason.NOT_RECEIVED and any(_is_young(lot, order.terms, at) for lot in lots)
    return (Hint.TRACKING_MAY_LAG,) if lags else ()


def _is_young(lot: Lot, terms: Terms, at: datetime) -> bool:
    return lot.shipped_at is not None and at < within_days(lot.shipped_at, terms.tracking_lag_days, terms.timezone)
