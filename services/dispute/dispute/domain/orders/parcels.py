"""Parcels: what was told of an order's way, and how far each of its pieces has come by that (S11, S21, S22, K3).

Facts come in any order, so the state keeps them as they are, and what follows is derived when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import Self

from shared.events.base import Event
from shared.events.order import DeliveryCorrected, OrderDelivered, Parcel, Pieces, TrackingCorrected


class Step(IntEnum):
    """A step of the way; they are applied in this order."""

    SHIPPED = 0
    DELIVERED = 1
    CORRECTED = 2
    LOST = 3


ARRIVALS: Mapping[type[Event], Step] = {OrderDelivered: Step.DELIVERED, DeliveryCorrected: Step.CORRECTED}
"""By event that tells of an arrival: its step."""


@dataclass(frozen=True, slots=True)
class ShipmentFact:
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
class PieceGroup:
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
class ShipmentHistory:
    """All that was told of an order's way, in an order that does not depend on when it was told, and every correction
    of a number that was mistyped.
    """

    told: tuple[ShipmentFact, ...] = ()
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

    def told_of(self, step: Step) -> Sequence[ShipmentFact]:
        """What was told of one step."""
        return [fact for fact in self.told if fact.step == step]

    @property
    def corrected(self) -> Mapping[str, datetime]:
        """The instant of each parcel's last correction, by id; one that names no parcel may be about any of them."""
        names, last = self.names, dict[str, datetime]()
        for fact in self.told_of(Step.CORRECTED):
            named = {names.get(name, name): fact.at for name in fact.names}
            last = {**last, **named} if named else {}
        return last

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

    def after(self, fact: ShipmentFact) -> Self:
        """With one fact more; of corrections the last stands."""
        return replace(self, told=tuple(sorted((*self.told, fact), key=_rank)))

    def renumbered(self, event: TrackingCorrected) -> Self:
        """With the right number of a parcel."""
        return replace(self, corrections=(*self.corrections, event))

    def groups(self, ordered: Mapping[str, int]) -> Sequence[PieceGroup]:
        """The pieces that were ordered, by line, as far as they have come."""
        names = self.names
        groups = [PieceGroup(line_id, quantity) for line_id, quantity in ordered.items()]
        arrived: dict[Step, set[str]] = {step: set() for step in Step}
        for fact in self.told:
            if fact.step == Step.SHIPPED:
                groups = _shipped(groups, fact)
                continue
            named = {names.get(name, name) for name in fact.names}
            arrived[fact.step] |= named
            groups = _reached(groups, fact, named, arrived[fact.step])
        return groups


def _rank(fact: ShipmentFact) -> tuple[Step, datetime, Sequence[str]]:
    if fact.step == Step.CORRECTED:
        return fact.step, _ANY, ()
    return fact.step, fact.at, sorted((*(parcel.parcel_id for parcel in fact.parcels), *fact.names))


_ANY = datetime(1970, 1, 1, tzinfo=UTC)
"""In place of an instant: corrections stay in the order in which they were told."""


def _shipped(groups: list[PieceGroup], fact: ShipmentFact) -> list[PieceGroup]:
    for parcel in fact.parcels:
        held = {group.line_id for group in groups if parcel.parcel_id in group.parcels}
        for pieces in (pieces for pieces in parcel.lines if pieces.line_id not in held):
            groups = _changed(groups, pieces, _is_loose, lambda one: _left(one, fact, parcel.parcel_id))  # noqa: B023
    # The sender did not say which piece is in which parcel: the pieces have come only when every parcel has.
    together = [parcel.parcel_id for parcel in fact.parcels if not parcel.lines]
    if fact.parcels and not together:
        return groups
    return [_left(group, fact, *together) if _is_loose(group) else group for group in groups]


def _with_more(known: Parcel | None, told: Parcel) -> Parcel:
    """The parcel with the lines that it was not known to hold; without lines it holds all that is in no other one."""
    if known is None or not known.lines:
        return known or told
    held = {pieces.line_id for pieces in known.lines}
    more = tuple(pieces for pieces in told.lines if pieces.line_id not in held)
    return known.model_copy(update={"lines": (*known.lines, *more)})


def _is_loose(group: PieceGroup) -> bool:
    return not group.parcels


def _left(group: PieceGroup, fact: ShipmentFact, *parcels: str) -> PieceGroup:
    return replace(group, parcels=parcels, shipped_at=group.shipped_at or fact.at)


def _reached(groups: list[PieceGroup], fact: ShipmentFact, named: set[str], arrived: set[str]) -> list[PieceGroup]:
    if not fact.lines:
        return [_moved(group, fact) if _is_meant(group, fact, named, arrived) else group for group in groups]
    for pieces in fact.lines:
        groups = _changed(
            groups, pieces, lambda group: not group.has_come(fact.step), lambda group: _moved(group, fact)
        )
    return groups


def _is_meant(group: PieceGroup, fact: ShipmentFact, named: set[str], arrived: set[str]) -> bool:
    if fact.is_whole:
        return True
    # Any of its parcels that is lost is missing; it is there only with the last of them.
    return not named.isdisjoint(group.parcels) and (fact.step == Step.LOST or arrived.issuperset(group.parcels))


def _moved(group: PieceGroup, fact: ShipmentFact) -> PieceGroup:
    match fact.step:
        case Step.DELIVERED:
            at = group.delivered_at or fact.at
            return replace(group, delivered_at=at, received_at=at)
        case Step.CORRECTED:
            return replace(group, delivered_at=fact.at, received_at=max(group.received_at or fact.at, fact.at))
        case _:
            return replace(group, lost_at=group.lost_at or fact.at)


def _changed(
    groups: Sequence[PieceGroup],
    pieces: Pieces,
    eligible: Callable[[PieceGroup], bool],
    change: Callable[[PieceGroup], PieceGroup],
) -> list[PieceGroup]:
    """So many eligible pieces of the line changed, those first that are under way; what is left of a group stays."""
    left = pieces.quantity if pieces.quantity is not None else sum(group.quantity for group in groups)
    changed: list[PieceGroup] = []
    for group in sorted(groups, key=lambda group: group.shipped_at is None):
        count = min(left, group.quantity) if group.line_id == pieces.line_id and eligible(group) else 0
        left -= count
        changed += [change(replace(group, quantity=count))] if count else []
        changed += [replace(group, quantity=group.quantity - count)] if count < group.quantity else []
    return changed
