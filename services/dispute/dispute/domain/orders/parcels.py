"""Parcels: what was told of an order's way, and how far each of its pieces has come by that (S11, S21, S22, K3).

Facts come in any order, so the state keeps them as they are, and what follows is derived when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import Self

from shared.events.order import Parcel, Pieces, TrackingCorrected


class Step(IntEnum):
    """A step of the way; they are applied in this order."""

    SHIPPED = 0
    DELIVERED = 1
    CORRECTED = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of the way: what was shipped, or what it says of parcels by name or of pieces; naming none it is about
    the whole order.
    """

    step: Step
    at: datetime
    parcels: tuple[Parcel, ...] = ()
    names: tuple[str, ...] = ()
    lines: tuple[Pieces, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not (self.parcels or self.names or self.lines)


@dataclass(frozen=True, slots=True)
class Lot:
    """Pieces of one line that have come equally far, in these parcels or in none that is known.

    `received_at` is the latest delivery that was told: protection counts from it, so no correction shortens it.
    """

    line_id: str
    quantity: int
    parcels: tuple[str, ...] = ()
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    received_at: datetime | None = None
    lost_at: datetime | None = None

    @property
    def never_came(self) -> bool:
        """The carrier lost it, and nobody found it again."""
        return self.lost_at is not None and self.delivered_at is None

    def has_come(self, step: Step) -> bool:
        """Whether this step was told of it; a correction may be told again and again."""
        match step:
            case Step.LOST:
                return self.lost_at is not None
            case Step.DELIVERED:
                return self.delivered_at is not None
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Way:
    """All that was told of an order's way, in an order that does not depend on when it was told, and every correction
    of a number that was mistyped.
    """

    told: tuple[Told, ...] = ()
    corrections: tuple[TrackingCorrected, ...] = ()

    @property
    def parcels(self) -> Mapping[str, Parcel]:
        """The parcels that are known, by id; a later fact may name more that is in one."""
        known: dict[str, Parcel] = {}
        for parcel in (parcel for fact in self.told for parcel in fact.parcels):
            known[parcel.parcel_id] = _with_more(known.get(parcel.parcel_id), parcel)
        return known

    @property
    def numbers(self) -> Mapping[str, TrackingCorrected]:
        """The last correction of each parcel whose number was mistyped, by id."""
        return {event.parcel_id: event for event in self.corrections}

    def numbers_of(self, name: str) -> Collection[str]:
        """Every number that a parcel has or had."""
        parcel = self.parcels.get(name)
        typed = {parcel.tracking_number} if parcel and parcel.tracking_number else set()
        return typed | {event.tracking_number for event in self.corrections if event.parcel_id == name}

    def told_of(self, step: Step) -> Sequence[Told]:
        """What was told of one step."""
        return [fact for fact in self.told if fact.step == step]

    @property
    def names(self) -> Mapping[str, str]:
        """What a fact may call a parcel, by its id or any number that it had, and its id."""
        parcels = self.parcels
        typed = {parcel.tracking_number: name for name, parcel in parcels.items() if parcel.tracking_number}
        right = {event.tracking_number: event.parcel_id for event in self.corrections}
        return {**typed, **right, **{name: name for name in parcels}}

    @property
    def by_number(self) -> Mapping[str, str]:
        """The parcel of each number; one that was given to another parcel is that one's, whose number it once was."""
        typed = {parcel.tracking_number: name for name, parcel in self.parcels.items() if parcel.tracking_number}
        return {**self.names, **typed, **{event.tracking_number: event.parcel_id for event in self.corrections}}

    @property
    def shipped_at(self) -> datetime | None:
        """The first shipment."""
        return min((fact.at for fact in self.told_of(Step.SHIPPED)), default=None)

    def was_sent_by(self, at: datetime, finished_at: datetime | None) -> bool:
        """Whether the seller had shipped by then; where only what follows a shipment was told, that was before."""
        return self.shipped_at <= at if self.shipped_at else bool(self.told or finished_at)

    def after(self, fact: Told) -> Self:
        """With one fact more; of corrections the last stands."""
        return replace(self, told=tuple(sorted((*self.told, fact), key=_rank)))

    def renumbered(self, event: TrackingCorrected) -> Self:
        """With the right number of a parcel."""
        return replace(self, corrections=(*self.corrections, event))

    def lots(self, ordered: Mapping[str, int]) -> Sequence[Lot]:
        """The pieces that were ordered, by line, as far as they have come."""
        names = self.names
        lots = [Lot(line_id, quantity) for line_id, quantity in ordered.items()]
        arrived: dict[Step, set[str]] = {step: set() for step in Step}
        for fact in self.told:
            if fact.step == Step.SHIPPED:
                lots = _shipped(lots, fact)
                continue
            named = {names.get(name, name) for name in fact.names}
            arrived[fact.step] |= named
            lots = _reached(lots, fact, named, arrived[fact.step])
        return lots


def _rank(fact: Told) -> tuple[Step, datetime, Sequence[str]]:
    if fact.step == Step.CORRECTED:
        return fact.step, _ANY, ()
    return fact.step, fact.at, sorted((*(parcel.parcel_id for parcel in fact.parcels), *fact.names))


_ANY = datetime(1970, 1, 1, tzinfo=UTC)
"""In place of an instant: corrections stay in the order in which they were told."""


def _shipped(lots: list[Lot], fact: Told) -> list[Lot]:
    for parcel in fact.parcels:
        held = {lot.line_id for lot in lots if parcel.parcel_id in lot.parcels}
        for pieces in (pieces for pieces in parcel.lines if pieces.line_id not in held):
            lots = _changed(lots, pieces, _is_loose, lambda lot: _left(lot, fact, parcel.parcel_id))  # noqa: B023
    # The sender did not say which piece is in which parcel: the pieces have come only when every parcel has.
    together = [parcel.parcel_id for parcel in fact.parcels if not parcel.lines]
    if fact.parcels and not together:
        return lots
    return [_left(lot, fact, *together) if _is_loose(lot) else lot for lot in lots]


def _with_more(known: Parcel | None, told: Parcel) -> Parcel:
    """The parcel with the lines that it was not known to hold; without lines it holds all that is in no other one."""
    if known is None or not known.lines:
        return known or told
    held = {pieces.line_id for pieces in known.lines}
    more = tuple(pieces for pieces in told.lines if pieces.line_id not in held)
    return known.model_copy(update={"lines": (*known.lines, *more)})


def _is_loose(lot: Lot) -> bool:
    return not lot.parcels


def _left(lot: Lot, fact: Told, *parcels: str) -> Lot:
    return replace(lot, parcels=parcels, shipped_at=lot.shipped_at or fact.at)


def _reached(lots: list[Lot], fact: Told, named: set[str], arrived: set[str]) -> list[Lot]:
    if not fact.lines:
        return [_moved(lot, fact) if _is_meant(lot, fact, named, arrived) else lot for lot in lots]
    for pieces in fact.lines:
        lots = _changed(lots, pieces, lambda lot: not lot.has_come(fact.step), lambda lot: _moved(lot, fact))
    return lots


def _is_meant(lot: Lot, fact: Told, named: set[str], arrived: set[str]) -> bool:
    if fact.is_whole:
        return True
    # Any of its parcels that is lost is missing; it is there only with the last of them.
    return not named.isdisjoint(lot.parcels) and (fact.step == Step.LOST or arrived.issuperset(lot.parcels))


def _moved(lot: Lot, fact: Told) -> Lot:
    match fact.step:
        case Step.DELIVERED:
            at = lot.delivered_at or fact.at
            return replace(lot, delivered_at=at, received_at=at)
        case Step.CORRECTED:
            return replace(lot, delivered_at=fact.at, received_at=max(lot.received_at or fact.at, fact.at))
        case _:
            return replace(lot, lost_at=lot.lost_at or fact.at)


def _changed(
    lots: Sequence[Lot], pieces: Pieces, eligible: Callable[[Lot], bool], change: Callable[[Lot], Lot]
) -> list[Lot]:
    """So many eligible pieces of the line changed, those first that are under way; what is left of a lot stays."""
    left = pieces.quantity if pieces.quantity is not None else sum(lot.quantity for lot in lots)
    changed: list[Lot] = []
    for lot in sorted(lots, key=lambda lot: lot.shipped_at is None):
        count = min(left, lot.quantity) if lot.line_id == pieces.line_id and eligible(lot) else 0
        left -= count
        changed += [change(replace(lot, quantity=count))] if count else []
        changed += [replace(lot, quantity=lot.quantity - count)] if count < lot.quantity else []
    return changed
