"""Pieces of a line that somebody names, and the groups that they can be of: guards judge these alone (S109)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.payments.caps import with_seller
from dispute.domain.orders.state import Order


@dataclass(frozen=True, slots=True)
class NamedPieces:
    """So many pieces of a line, the seller `paid_out` before or not; `groups` are those that they may be of, as far as
    anything tells.
    """

    line: Line
    quantity: int
    groups: Sequence[PieceGroup]
    paid_out: bool = False

    def where(self, holds: Callable[[PieceGroup], bool]) -> Self:
        """Only of groups for which this holds."""
        return replace(self, groups=[group for group in self.groups if holds(group)])

    @property
    def enough(self) -> bool:
        return sum(group.quantity for group in self.groups) >= self.quantity

    @property
    def parcels(self) -> tuple[str, ...]:
        """The parcels of the first groups that suffice; those that have come go first."""
        came = sorted(self.groups, key=lambda group: group.delivered_at is None)
        taken, _ = _split(came, self.quantity)
        return tuple(dict.fromkeys(parcel for group in taken for parcel in group.parcels))


def named_pieces(order: Order, asked: Iterable[tuple[str, int]]) -> list[NamedPieces]:
    """The pieces of the lines that the order has, no more of each than were ordered."""
    groups = order.piece_groups
    known = ((order.lines[name], quantity) for name, quantity in asked if name in order.lines)
    return [NamedPieces(line, min(quantity, line.quantity), _of(line, groups)) for line, quantity in known]


def free(pieces: NamedPieces) -> NamedPieces:
    """Only of groups that no dispute is or was about, and that are not released."""
    left = list(pieces.groups)
    for claim in pieces.line.kept_claims.values():
        _, left = _taken(left, claim.quantity, claim.parcels)
    _, left = _split(left, pieces.line.released_pieces)
    return replace(pieces, groups=left)


def sold(pieces: NamedPieces) -> NamedPieces:
    """Only of groups that the seller was paid for, and no agreement, decision or dispute by law was about."""
    line, left = pieces.line, list(pieces.groups)
    for claim in line.claims.values():
        _, left = _taken(left, claim.quantity, claim.parcels)
    _, left = _split(left, line.released_pieces - line.sold.quantity)
    is_there = line.reach.quantity >= pieces.quantity and bool(line.reach.paid and with_seller(line))
    return replace(pieces, groups=left if is_there else [], paid_out=True)


def disputed_pieces(order: Order, dispute_id: str, *, missing_first: bool = False) -> list[NamedPieces]:
    """The pieces that this dispute is about, wherever they are by now; where nothing tells which of several, they are
    those that have not come if `missing_first`.
    """
    groups = sorted(order.piece_groups, key=lambda group: missing_first and group.delivered_at is not None)
    of_lines = (_disputed(line, dispute_id, _of(line, groups)) for line in order.lines.values())
    return [pieces for pieces in of_lines if pieces]


def _disputed(line: Line, dispute_id: str, left: list[PieceGroup]) -> NamedPieces | None:
    for name, claim in line.claims.items():
        taken, left = _taken(left, claim.quantity, claim.parcels)
        if name == dispute_id:
            return NamedPieces(line, claim.quantity, taken)
    return None


def _of(line: Line, groups: Iterable[PieceGroup]) -> list[PieceGroup]:
    return [group for group in groups if group.line_id == line.line_id]


def _taken(
    groups: Sequence[PieceGroup], quantity: int, parcels: Sequence[str]
) -> tuple[list[PieceGroup], list[PieceGroup]]:
    """So many pieces and what is left, of these parcels first: a claim may be older than its parcels."""
    return _split(
        sorted(groups, key=lambda group: set(parcels).isdisjoint(group.parcels) and parcels != group.parcels), quantity
    )


def _split(groups: Sequence[PieceGroup], quantity: int) -> tuple[list[PieceGroup], list[PieceGroup]]:
    taken: list[PieceGroup] = []
    left: list[PieceGroup] = []
    for group in groups:
        count = min(quantity, group.quantity)
        quantity -= count
        taken += [replace(group, quantity=count)] if count else []
        left += [replace(group, quantity=group.quantity - count)] if count < group.quantity else []
    return taken, left
