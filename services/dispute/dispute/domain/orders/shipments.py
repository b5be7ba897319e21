"""Shipments: which parcels and pieces a fact is about, and whether it is news of them (S11, S19, S21, S69)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from dispute.domain.orders.parcels import Step, Told
from dispute.domain.orders.state import Order, evolve
from shared.events.base import Event, Message
from shared.events.ids import digest
from shared.events.order import (
    DeliveryCorrected,
    OrderCarrierLost,
    OrderDelivered,
    OrderShipped,
    Parcel,
    Pieces,
    TrackingCorrected,
)
from shared.rejections import ValidationFailed


class NamedParcel(Message):
    """A parcel as a fact names it: by its id, by its number, or by what is in it."""

    parcel_id: str | None = None
    tracking_number: str | None = None
    carrier: str | None = None
    weight_kg: Decimal | None = None
    dimensions_cm: tuple[Decimal, ...] = ()
    lines: tuple[Pieces, ...] = ()

    @property
    def name(self) -> str | None:
        return self.parcel_id or self.tracking_number


def shipped(order: Order, order_id: str, at: datetime, named: Sequence[NamedParcel], pointer: str) -> list[Event]:
    """The parcels that were not known, or without parcels all that was not shipped; the first instant stands."""
    parcels = _parcels(named)
    known = order.way.names
    new = [parcel for parcel in parcels if parcel.parcel_id not in known]
    event = OrderShipped(order_id=order_id, shipped_at=at, parcels=tuple(new), protection_ends_at=None)
    if parcels:
        _guard_contents(order, new, pointer)
        return [event] if new else []
    return [event] if _is_news(order, Told(Step.SHIPPED, at), event, pointer) else []


def reached(
    order: Order, order_id: str, step: Step, at: datetime, named: Sequence[NamedParcel], pointer: str
) -> list[Event]:
    """What was delivered or lost, or a delivery's right instant; the first instant of a parcel stands, and the last
    correction.
    """
    names, lines = _meant(order, named, pointer)
    told = {order.way.names.get(name, name) for fact in order.way.told if fact.step == step for name in fact.names}
    if step != Step.CORRECTED:
        names = tuple(name for name in names if name not in told)
    if named and not names and not lines:
        return []
    fact = Told(step, at, (), names, lines)
    event = _event(order_id, fact)
    return [event] if _is_news(order, fact, event, pointer) else []


def tracking_corrected(
    order: Order,
    order_id: str,
    at: datetime,
    named: Sequence[NamedParcel],
    right: tuple[str | None, str | None],
    pointer: str,
) -> list[Event]:
    """Another number, or another carrier, of a parcel that is known; the number of another parcel is refused."""
    number, carrier = right
    parcel_id = order.way.names.get(named[0].name or "") if named else next(iter(_sole(order)), None)
    if parcel_id is None:
        code = "unknown_parcel" if named else "parcel_required"
        raise ValidationFailed.at(f"{pointer}/parcels", code, "which parcel?", "S19")
    if not number or order.way.names.get(number, parcel_id) != parcel_id:
        raise ValidationFailed.at(f"{pointer}/tracking_number", "of_another_parcel", "another parcel has it", "S19")
    event = TrackingCorrected(
        order_id=order_id, parcel_id=parcel_id, tracking_number=number, carrier=carrier, corrected_at=at
    )
    last = order.way.numbers.get(parcel_id)
    same = last and (last.tracking_number, last.carrier) == (number, carrier)
    return [] if same else [event]


def _event(order_id: str, fact: Told) -> Event:
    named = {"order_id": order_id, "parcels": fact.names, "lines": fact.lines}
    match fact.step:
        case Step.DELIVERED:
            return OrderDelivered(**named, delivered_at=fact.at, protection_ends_at=None)
        case Step.CORRECTED:
            return DeliveryCorrected(**named, delivered_at=fact.at, protection_ends_at=None)
        case _:
            return OrderCarrierLost(**named, lost_at=fact.at)


def _is_news(order: Order, fact: Told, event: Event, pointer: str) -> bool:
    """Whether the fact says anything new; one that names nothing must be about the only parcel there is."""
    is_known = any(
        (one.step, one.names, one.lines, one.parcels) == (fact.step, fact.names, fact.lines, ())
        for one in order.way.told
    )
    if is_known and not (fact.step == Step.CORRECTED and order.registered):
        return False
    if fact.is_whole and len(order.way.parcels) > 1:
        raise ValidationFailed.at(f"{pointer}/parcels", "parcel_required", "which of its parcels?", "S109")
    if fact.names or not order.registered:
        return True
    return evolve(order, event).lots != order.lots


def _sole(order: Order) -> Sequence[str]:
    return list(order.way.parcels) if len(order.way.parcels) == 1 else []


def _meant(order: Order, named: Sequence[NamedParcel], pointer: str) -> tuple[tuple[str, ...], tuple[Pieces, ...]]:
    """The parcels by id, and the pieces that are named without one."""
    known, contents = (
        order.way.names,
        {parcel.lines: name for name, parcel in order.way.parcels.items() if parcel.lines},
    )
    names: list[str] = []
    lines: list[Pieces] = []
    for i, parcel in enumerate(named):
        name = parcel.name or contents.get(parcel.lines)
        if name is None:
            _guard_lines(order, parcel.lines, f"{pointer}/parcels/{i}")
            lines += parcel.lines
            continue
        if known and name not in known:
            raise ValidationFailed.at(f"{pointer}/parcels", "unknown_parcel", "no such parcel was shipped", "S109")
        names.append(known.get(name, name))
    return tuple(dict.fromkeys(names)), tuple(lines)


def _parcels(named: Sequence[NamedParcel]) -> list[Parcel]:
    """The parcels with an id each: their own, their number, or one that follows from what is in them."""
    alike: Counter[str] = Counter()
    parcels = []
    for parcel in named:
        name = parcel.name or f"parcel-{digest(parcel.model_dump_json().encode())[:16]}"
        alike[name] += 1
        again = "" if alike[name] == 1 else f"-{alike[name]}"
        parcels.append(Parcel.model_validate({**dict(parcel), "parcel_id": f"{name}{again}"}))
    return [parcel for parcel, one in zip(parcels, named, strict=True) if not one.name or parcel.parcel_id == one.name]


def _guard_contents(order: Order, parcels: Sequence[Parcel], pointer: str) -> None:
    if not order.registered:
        return
    loose: Counter[str] = Counter()
    for lot in (lot for lot in order.lots if not lot.parcels):
        loose[lot.line_id] += lot.quantity
    for i, parcel in enumerate(parcels):
        _guard_lines(order, parcel.lines, f"{pointer}/parcels/{i}")
        for j, pieces in enumerate(parcel.lines):
            loose[pieces.line_id] -= pieces.quantity or max(loose[pieces.line_id], 1)
            if loose[pieces.line_id] < 0:
                where = f"{pointer}/parcels/{i}/lines/{j}"
                raise ValidationFailed.at(where, "above_ordered", "more than is left to ship", "S109")


def _guard_lines(order: Order, lines: Sequence[Pieces], pointer: str) -> None:
    for j, pieces in enumerate(lines):
        if order.registered and pieces.line_id not in order.lines:
            raise ValidationFailed.at(f"{pointer}/lines/{j}/line_id", "unknown_line", "no such line", "S109")
