"""Pieces of a line that somebody names, and the lots that they can be of: guards judge these, not the order (S109)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import Lot
from dispute.domain.orders.state import Order


@dataclass(frozen=True, slots=True)
class NamedPieces:
    """So many pieces of a line; `lots` are those that they may be of, as far as anything tells."""

    line: Line
    quantity: int
    lots: Sequence[Lot]

    def where(self, holds: Callable[[Lot], bool]) -> Self:
        """Only of lots for which this holds."""
        return replace(self, lots=[lot for lot in self.lots if holds(lot)])

    @property
    def enough(self) -> bool:
        return sum(lot.quantity for lot in self.lots) >= self.quantity

    @property
    def parcels(self) -> tuple[str, ...]:
        """The parcels of the first lots that suffice; those that have come go first."""
        came = sorted(self.lots, key=lambda lot: lot.delivered_at is None)
        taken, _ = _split(came, self.quantity)
        return tuple(dict.fromkeys(parcel for lot in taken for parcel in lot.parcels))


def named_pieces(order: Order, asked: Iterable[tuple[str, int]]) -> list[NamedPieces]:
    """The pieces of the lines that the order has, no more of each than were ordered."""
    lots = order.lots
    known = ((order.lines[name], quantity) for name, quantity in asked if name in order.lines)
    return [NamedPieces(line, min(quantity, line.quantity), _of(line, lots)) for line, quantity in known]


def free(pieces: NamedPieces) -> NamedPieces:
    """Only of lots that no dispute is or was about, and that are not released."""
    left = list(pieces.lots)
    for claim in pieces.line.claims.values():
        _, left = _taken(left, claim.quantity, claim.parcels)
    _, left = _split(left, pieces.line.released_pieces)
    return replace(pieces, lots=left)


def disputed_pieces(order: Order, dispute_id: str) -> list[NamedPieces]:
    """The pieces that this dispute is about, wherever they are by now."""
    lots = order.lots
    of_lines = (_disputed(line, dispute_id, _of(line, lots)) for line in order.lines.values())
    return [pieces for pieces in of_lines if pieces]


def _disputed(line: Line, dispute_id: str, left: list[Lot]) -> NamedPieces | None:
    for name, claim in line.claims.items():
        taken, left = _taken(left, claim.quantity, claim.parcels)
        if name == dispute_id:
            return NamedPieces(line, claim.quantity, taken)
    return None


def _of(line: Line, lots: Iterable[Lot]) -> list[Lot]:
    return [lot for lot in lots if lot.line_id == line.line_id]


def _taken(lots: Sequence[Lot], quantity: int, parcels: Sequence[str]) -> tuple[list[Lot], list[Lot]]:
    """So many pieces and what is left, of these parcels first: a claim may be older than its parcels."""
    return _split(
        sorted(lots, key=lambda lot: set(parcels).isdisjoint(lot.parcels) and parcels != lot.parcels), quantity
    )


def _split(lots: Sequence[Lot], quantity: int) -> tuple[list[Lot], list[Lot]]:
    taken: list[Lot] = []
    left: list[Lot] = []
    for lot in lots:
        count = min(quantity, lot.quantity)
        quantity -= count
        taken += [replace(lot, quantity=count)] if count else []
        left += [replace(lot, quantity=lot.quantity - count)] if count < lot.quantity else []
    return taken, left
