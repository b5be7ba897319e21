"""Hints: what the parties are told beside a dispute that is accepted (S19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces
from dispute.domain.orders.state import Order
from shared.events.calendar import within_days
from shared.events.dispute import Hint, Reason
from shared.events.order import Terms


def hints(order: Order, named: Sequence[NamedPieces], reason: Reason, at: datetime) -> tuple[Hint, ...]:
    """What never came may only not show yet: a tracking number looks invalid for some days from the shipment (S19)."""
    assert order.terms
    parcels = order.shipments.parcels.items()
    numbers = {name for name, parcel in parcels if parcel.tracking_number} | set(order.shipments.numbers)
    groups = (group for pieces in named for group in pieces.groups if not numbers.isdisjoint(group.parcels))
    lags = reason == Reason.NOT_RECEIVED and any(_is_young(group, order.terms, at) for group in groups)
    return (Hint.TRACKING_MAY_LAG,) if lags else ()


def _is_young(group: PieceGroup, terms: Terms, at: datetime) -> bool:
    return group.shipped_at is not None and at < within_days(group.shipped_at, terms.tracking_lag_days, terms.timezone)
