"""Naming of parcels: which of them a fact means, by their ids, their numbers, or what is in them (S109, S19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from dispute.domain.orders.parcels import Step
from dispute.domain.orders.state import Order
from shared.events.base import Message
from shared.events.ids import digest
from shared.events.order import Parcel, Pieces
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


NAMELESS = "parcel-"
"""How the ids begin that are made here."""
Placed = tuple[str, Parcel]
"""A parcel, and the pointer of the entry that tells of it."""


def identified(order: Order, at: datetime, named: Sequence[NamedParcel], pointer: str) -> list[Placed]:
    """The parcels of a shipment with an id each: their own, their number, or one that follows from what is in them."""
    names, alike = dict(order.shipments.names), Counter[str]()
    found: dict[str, Placed] = {}
    for i, entry in enumerate(named):
        where = f"{pointer}/parcels/{i}"
        name = parcel_named(order, names, entry, where) or _nameless(at, entry, alike)
        if name in found:
            raise ValidationFailed.at(where, "repeated", "name all lines of a parcel together", "S109")
        names |= {known: name for known in (name, entry.tracking_number) if known}
        found[name] = where, Parcel.model_validate({**dict(entry), "parcel_id": name})
    return list(found.values())


def parcel_named(order: Order, names: Mapping[str, str], entry: NamedParcel, where: str) -> str | None:
    """The id of the parcel that is named, known or not; its id and its number must be of one parcel, and each of its
    lines is named once.
    """
    _guard_each_once(entry.lines, where)
    number = entry.tracking_number
    if (name := entry.parcel_id) and names.get(name, name) != name:
        raise ValidationFailed.at(f"{where}/parcel_id", "of_another_parcel", "another parcel has this number", "S19")
    known = {**names, **order.shipments.by_number}
    name = name or (known.get(number, number) if number else None)
    if number and known.get(number, name) != name:
        raise ValidationFailed.at(f"{where}/tracking_number", "of_another_parcel", "another parcel has it", "S19")
    numbers = order.shipments.numbers_of(name) if name else ()
    if number and numbers and number not in numbers and number != name:
        detail = "it has another number: tell that it is corrected"
        raise ValidationFailed.at(f"{where}/tracking_number", "differs", detail, "S19")
    return name


def _guard_each_once(lines: Sequence[Pieces], where: str) -> None:
    names = [pieces.line_id for pieces in lines]
    for j, name in enumerate(names):
        if name in names[:j]:
            raise ValidationFailed.at(f"{where}/lines/{j}/line_id", "repeated", "named twice", "S109")


def parcel_of(order: Order, entry: NamedParcel) -> str | None:
    """The id of the known parcel that is named; a number is looked for among the numbers first."""
    if entry.parcel_id:
        return order.shipments.names.get(entry.parcel_id)
    return order.shipments.by_number.get(entry.tracking_number or "")


def _nameless(at: datetime, entry: NamedParcel, alike: Counter[str]) -> str:
    name = f"{NAMELESS}{digest(f'{at.isoformat()} {entry.model_dump_json()}'.encode())[:16]}"
    alike[name] += 1
    return name if alike[name] == 1 else f"{name}-{alike[name]}"


def contents(order: Order, name: str) -> Mapping[str, int | None]:
    """What is in a parcel by line, as far as anything tells; None is all of a line."""
    if not order.registered:
        return {pieces.line_id: pieces.quantity for pieces in order.shipments.parcels[name].lines}
    quantities: Counter[str] = Counter()
    for group in (group for group in order.piece_groups if name in group.parcels):
        quantities[group.line_id] += group.quantity
    return quantities


def by_contents(order: Order, step: Step, at: datetime, lines: Sequence[Pieces], taken: Collection[str]) -> str | None:
    """The parcel with just these pieces: of several, the one of which this was told, else one that has not come."""
    come = {
        order.shipments.names.get(name, name): fact.at for fact in order.shipments.told_of(step) for name in fact.names
    }
    alike = [name for name, parcel in order.shipments.parcels.items() if parcel.lines == lines and name not in taken]
    return min(alike, key=lambda name: 0 if come.get(name) == at else 1 + (name in come), default=None)


def guard_lines(order: Order, lines: Sequence[Pieces], where: str) -> None:
    """The order has these lines."""
    for j, pieces in enumerate(lines):
        if order.registered and pieces.line_id not in order.lines:
            raise ValidationFailed.at(f"{where}/lines/{j}/line_id", "unknown_line", "no such line", "S109")


def guard_whole(order: Order, name: str, entry: NamedParcel, where: str) -> None:
    """A parcel comes as a whole: the lines that are named beside it are all that is in it."""
    guard_lines(order, entry.lines, where)
    held = contents(order, name) if name in order.shipments.parcels else {}
    told = {pieces.line_id: pieces.quantity for pieces in entry.lines}
    if not held or not told:
        return
    if held.keys() != told.keys() or any(_differ(held[line], quantity) for line, quantity in told.items()):
        detail = "this is not what is in it: name the parcel alone, or the pieces alone"
        raise ValidationFailed.at(f"{where}/lines", "differs", detail, "S109")


def added(order: Order, parcel: Parcel, where: str) -> tuple[Pieces, ...]:
    """The lines of a known parcel that it was not known to hold; another quantity of one that it holds is refused."""
    if not (held := contents(order, parcel.parcel_id)):
        return ()
    for j, pieces in enumerate(parcel.lines):
        if _differ(held.get(pieces.line_id), pieces.quantity):
            where = f"{where}/lines/{j}"
            raise ValidationFailed.at(where, "differs", "it holds another quantity of this line", "S109")
    return tuple(pieces for pieces in parcel.lines if pieces.line_id not in held)


def _differ(held: int | None, told: int | None) -> bool:
    return held is not None and told is not None and held != told


def loose(order: Order) -> Counter[str]:
    """The pieces by line that are in no parcel."""
    quantities: Counter[str] = Counter()
    for group in (group for group in order.piece_groups if not group.parcels):
        quantities[group.line_id] += group.quantity
    return quantities


def guard_contents(order: Order, parcels: Sequence[Placed]) -> None:
    """Parcels hold what was ordered and is in no other one."""
    if not order.registered:
        return
    left = loose(order)
    for where, parcel in parcels:
        guard_lines(order, parcel.lines, where)
        for j in _too_many(left, parcel.lines):
            raise ValidationFailed.at(f"{where}/lines/{j}", "above_ordered", "more than is left to ship", "S109")


def _too_many(left: Counter[str], lines: Sequence[Pieces]) -> Iterator[int]:
    for j, pieces in enumerate(lines):
        left[pieces.line_id] -= pieces.quantity or max(left[pieces.line_id], 1)
        if left[pieces.line_id] < 0:
            yield j


def guard_on_their_way(order: Order, step: Step, lines: Sequence[tuple[str, Pieces]]) -> None:
    """No more pieces come, or are lost, than were ordered, and where some are known to be shipped, than those."""
    told = Counter[str]()
    for where, pieces in lines if order.registered else ():
        line, ordered = pieces.line_id, order.lines[pieces.line_id].quantity
        groups = [group for group in order.piece_groups if group.line_id == line]
        waiting = [group for group in groups if not group.has_come(step)]
        shipped = [group for group in groups if group.shipped_at]
        under_way = sum(group.quantity for group in waiting if group.shipped_at or not shipped)
        told[line] += pieces.quantity or max((under_way if waiting else ordered) - told[line], 1)
        if told[line] > ordered:
            raise ValidationFailed.at(where, "above_ordered", "more than was ordered", "S109")
        if waiting and told[line] > under_way:
            code = "above_shipped" if shipped else "above_ordered"
            raise ValidationFailed.at(where, code, "more than is still under way", "S109")
