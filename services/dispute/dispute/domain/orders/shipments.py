"""Shipments: which parcels and pieces a fact is about, and whether it is news of them (S11, S19, S21, S69)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from dispute.domain.orders import naming
from dispute.domain.orders.instants import guard_after_shipment
from dispute.domain.orders.naming import NamedParcel, Placed
from dispute.domain.orders.parcels import ShipmentFact, Step
from dispute.domain.orders.state import Order, evolve
from shared.events.base import Event
from shared.events.order import (
    DeliveryCorrected,
    OrderCarrierLost,
    OrderDelivered,
    OrderShipped,
    Parcel,
    Pieces,
)
from shared.rejections import ValidationFailed

Meant = tuple[tuple[str, ...], list[tuple[str, Pieces]]]
"""Parcels by id, and pieces that are named without one, each with its pointer."""


def shipped(order: Order, order_id: str, at: datetime, named: Sequence[NamedParcel], pointer: str) -> list[Event]:
    """The parcels and lines that were not known, or without parcels all that was not shipped; the first instant
    stands.
    """
    parcels = naming.identified(order, at, named, pointer)
    new = _unknown(order, at, parcels)
    naming.guard_contents(order, new)
    event = OrderShipped(
        order_id=order_id, shipped_at=at, parcels=tuple(parcel for _, parcel in new), protection_ends_at=None
    )
    is_news = bool(new) if parcels else _is_news(order, ShipmentFact(Step.SHIPPED, at), event, pointer)
    return _in_order(order, event, pointer) if is_news else []


def _unknown(order: Order, at: datetime, parcels: Sequence[Placed]) -> list[Placed]:
    """What is new of these parcels: those that were not known, and what known ones were not known to hold."""
    new, known = [], order.shipments.parcels
    for where, parcel in parcels:
        if not order.registered and parcel not in _parcels_at(order, at):
            new.append((where, parcel))
        elif parcel.parcel_id not in known:
            new += [] if _is_alike(order, parcel) else [(where, parcel)]
        elif lines := naming.added(order, parcel, where):
            new.append((where, parcel.model_copy(update={"lines": lines})))
    return new


def _parcels_at(order: Order, at: datetime) -> list[Parcel]:
    """What was told of this instant: before its order is known, nobody can say which of two instants is right."""
    return [parcel for fact in _stand(order, Step.SHIPPED, at) for parcel in fact.parcels]


def _is_alike(order: Order, parcel: Parcel) -> bool:
    """Whether it has no name, and one with the same in it is known, beside which there is nothing left to ship."""
    if not parcel.parcel_id.startswith(naming.NAMELESS):
        return False
    alike = [one for one in order.shipments.parcels.values() if one.lines == parcel.lines]
    left = naming.loose(order)
    fits = all(left[pieces.line_id] >= (pieces.quantity or 1) for pieces in parcel.lines)
    return bool(alike) and not (parcel.lines and (fits or not order.registered))


def reached(
    order: Order, order_id: str, step: Step, at: datetime, named: Sequence[NamedParcel], pointer: str
) -> list[Event]:
    """What was delivered or lost, or a delivery's right instant; the first instant of a parcel stands, and the last
    correction.
    """
    names, pieces = _meant(order, step, at, named, pointer)
    told = _told(order, step, at)
    names = tuple(name for name in names if name not in told)
    if named and not names and not pieces:
        return []
    fact = ShipmentFact(step, at, (), names, tuple(one for _, one in pieces))
    event = _event(order_id, fact)
    if _is_known(order, fact):
        return []
    naming.guard_on_their_way(order, step, pieces)
    return _in_order(order, event, pointer) if _is_news(order, fact, event, pointer) else []


def _told(order: Order, step: Step, at: datetime) -> Collection[str]:
    """The parcels of which this was told: a correction, where it is their last one."""
    if step == Step.CORRECTED:
        return {name for name, last in order.shipments.corrected.items() if last == at}
    return {order.shipments.names.get(name, name) for fact in _stand(order, step, at) for name in fact.names}


def _stand(order: Order, step: Step, at: datetime) -> list[ShipmentFact]:
    """What was told of a step and stands; before the order is known, only what was told of the same instant."""
    return [fact for fact in order.shipments.told_of(step) if order.registered or fact.at == at]


def _event(order_id: str, fact: ShipmentFact) -> Event:
    named = {"order_id": order_id, "parcels": fact.names, "lines": fact.lines}
    match fact.step:
        case Step.DELIVERED:
            return OrderDelivered(**named, delivered_at=fact.at, protection_ends_at=None)
        case Step.CORRECTED:
            return DeliveryCorrected(**named, delivered_at=fact.at, protection_ends_at=None)
        case _:
            return OrderCarrierLost(**named, lost_at=fact.at)


def _is_known(order: Order, fact: ShipmentFact) -> bool:
    """Whether the same was told; once the order is known the first instant stands, and of corrections the last. Pieces
    at another instant are other pieces, while there are any that have not come.
    """
    if not order.registered:
        return fact in order.shipments.told if fact.step != Step.CORRECTED else _is_last_correction(order, fact)
    if fact.step == Step.CORRECTED:
        return False
    if fact.lines and not fact.names:
        lines = {pieces.line_id for pieces in fact.lines}
        waiting = any(group.line_id in lines and not group.has_come(fact.step) for group in order.piece_groups)
        return fact in order.shipments.told or not waiting
    same = (fact.names, fact.lines)
    return any((one.names, one.lines) == same and not one.parcels for one in order.shipments.told_of(fact.step))


def _is_last_correction(order: Order, fact: ShipmentFact) -> bool:
    """Whether nothing else was told of these pieces since; of a parcel nobody knows yet which they are."""
    told = order.shipments.told_of(Step.CORRECTED)
    touching = [one for one in told if fact.is_whole or one.is_whole or one.names or one.lines == fact.lines]
    return touching[-1:] == [fact]


def _is_news(order: Order, fact: ShipmentFact, event: Event, pointer: str) -> bool:
    """Whether the fact says anything new; one that names nothing must be about the only parcel there is."""
    if _is_known(order, fact):
        return False
    if fact.is_whole and len(order.shipments.parcels) > 1:
        raise ValidationFailed.at(f"{pointer}/parcels", "parcel_required", "which of its parcels?", "S109")
    if fact.names or not order.registered:
        return True
    return evolve(order, event).piece_groups != order.piece_groups


def _in_order(order: Order, event: Event, pointer: str) -> list[Event]:
    guard_after_shipment(f"{pointer}/at", order.piece_groups, evolve(order, event).piece_groups)
    return [event]


def _meant(order: Order, step: Step, at: datetime, named: Sequence[NamedParcel], pointer: str) -> Meant:
    known = order.shipments.names
    names: list[str] = []
    lines: list[tuple[str, Pieces]] = []
    for i, parcel in enumerate(named):
        where = f"{pointer}/parcels/{i}"
        name = naming.parcel_named(order, known, parcel, where)
        if name and known and name not in known:
            raise ValidationFailed.at(f"{pointer}/parcels", "unknown_parcel", "no such parcel was shipped", "S109")
        if name := name or naming.by_contents(order, step, at, parcel.lines, names):
            naming.guard_whole(order, name, parcel, where)
            names.append(name)
            continue
        naming.guard_lines(order, parcel.lines, where)
        lines += [(f"{where}/lines/{j}", pieces) for j, pieces in enumerate(parcel.lines)]
    return tuple(dict.fromkeys(names)), lines
