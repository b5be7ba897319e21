"""Tracking numbers that were mistyped or swapped, and the right ones (S19)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from dispute.domain.orders.naming import NamedParcel, parcel_of
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.order import TrackingCorrected
from shared.rejections import ValidationFailed

Corrections = Mapping[str, TrackingCorrected]
"""By the pointer of the entry that tells of it."""


def corrected(
    order: Order,
    order_id: str,
    at: datetime,
    named: Sequence[NamedParcel],
    right: tuple[str | None, str | None],
    pointer: str,
) -> list[Event]:
    """The right number and carrier of one parcel, or of each that is named with its own: then they may swap theirs. The
    number of a parcel that keeps it is refused.
    """
    number, carrier = right
    meant = _each(order, named, pointer) if number is None else _one(order, named, right, pointer)
    told = {
        where: TrackingCorrected(
            order_id=order_id,
            parcel_id=parcel_id,
            tracking_number=entry.tracking_number or "",
            carrier=entry.carrier,
            corrected_at=at,
        )
        for where, (parcel_id, entry) in meant.items()
    }
    _guard_apart(told)
    for where, event in told.items():
        _guard_free(order, event, {one.parcel_id for one in told.values()}, where)
    return [event for event in told.values() if not _is_right_already(order, event)]


def _one(
    order: Order, named: Sequence[NamedParcel], right: tuple[str | None, str | None], pointer: str
) -> Mapping[str, tuple[str, NamedParcel]]:
    number, carrier = right
    parcel_id = parcel_of(order, named[0]) if named else next(iter(_sole(order)), None)
    if parcel_id is None:
        code = "unknown_parcel" if named else "parcel_required"
        raise ValidationFailed.at(f"{pointer}/parcels", code, "which parcel?", "S19")
    return {pointer: (parcel_id, NamedParcel(tracking_number=number, carrier=carrier))}


def _each(order: Order, named: Sequence[NamedParcel], pointer: str) -> Mapping[str, tuple[str, NamedParcel]]:
    meant = {}
    for i, entry in enumerate(named):
        if entry.parcel_id is None or entry.parcel_id not in order.shipments.parcels:
            where = f"{pointer}/parcels/{i}/parcel_id"
            raise ValidationFailed.at(where, "unknown_parcel", "no such parcel was shipped", "S19")
        meant[f"{pointer}/parcels/{i}"] = entry.parcel_id, entry
    return meant


def _sole(order: Order) -> Sequence[str]:
    return list(order.shipments.parcels) if len(order.shipments.parcels) == 1 else []


def _guard_apart(told: Corrections) -> None:
    """A parcel is named once, and has a number of its own."""
    parcels, numbers = set[str](), set[str]()
    for where, event in told.items():
        if event.parcel_id in parcels or event.tracking_number in numbers:
            raise ValidationFailed.at(where, "repeated", "each parcel is named once, with a number of its own", "S19")
        parcels.add(event.parcel_id)
        numbers.add(event.tracking_number)


def _guard_free(order: Order, event: TrackingCorrected, changing: Collection[str], where: str) -> None:
    """Nobody has the number who does not get another one by the same fact."""
    owner = order.shipments.by_number.get(event.tracking_number, event.parcel_id)
    if owner != event.parcel_id and owner not in changing:
        raise ValidationFailed.at(f"{where}/tracking_number", "of_another_parcel", "another parcel has it", "S19")


def _is_right_already(order: Order, event: TrackingCorrected) -> bool:
    parcel, last = order.shipments.parcels[event.parcel_id], order.shipments.numbers.get(event.parcel_id)
    number = last.tracking_number if last else parcel.tracking_number
    carrier = (last.carrier if last else None) or parcel.carrier
    return event.tracking_number == number and event.carrier in (None, carrier)
