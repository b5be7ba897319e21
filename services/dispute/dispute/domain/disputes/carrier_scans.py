"""Carriers' scans: a delivery of what a dispute says never came is evidence there, and decides nothing (K9, S11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Told, fitting, guard_row
from dispute.domain.orders import facts
from dispute.domain.orders.cancellation import open_disputes_of
from dispute.domain.orders.facts import RecordFact
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces, disputed_pieces
from dispute.domain.orders.state import Order, after
from dispute.domain.rejections import DisputesChanged
from shared.decider import Decided
from shared.events.dispute import Reason
from shared.events.evidence import CarrierScanAdded
from shared.events.ids import derived_id
from shared.events.order import Pieces
from shared.rejections import WrongPhase


@dataclass(frozen=True, slots=True)
class Arrival:
    """So many pieces of a line that have come by one fact, and what they were in."""

    pieces: Pieces
    groups: Sequence[PieceGroup]


def record_fact_and_scans(command: RecordFact, order: Order, *disputes: Dispute) -> Decided:
    """A fact of the order; disputes about pieces that have come by it are to be among the command's."""
    events = facts.record_fact(command, order)
    then = after(order, events)
    came = {name: arrivals for name in open_disputes_of(order) if (arrivals := _arrived(order, then, name))}
    if came.keys() - set(command.disputes):
        raise DisputesChanged("Pieces have come that are in dispute.")
    if not command.disputes:
        return events
    return events, *(_scanned(command, dispute, came) for dispute in disputes)


def _scanned(command: RecordFact, dispute: Dispute, came: dict[str, list[Arrival]]) -> Sequence[CarrierScanAdded]:
    dispute_id = dispute.opened.dispute_id
    arrivals = came.get(dispute_id)
    if not arrivals or not _is_evidence(command, dispute):
        return []
    groups = [group for arrival in arrivals for group in arrival.groups]
    scan = CarrierScanAdded(
        dispute_id=dispute_id,
        evidence_id=derived_id("evd", command.order_id, command.command_id, dispute_id),
        delivered_at=max(group.delivered_at for group in groups if group.delivered_at),
        parcels=tuple(dict.fromkeys(parcel for group in groups for parcel in group.parcels)),
        lines=tuple(arrival.pieces for arrival in arrivals),
        added_at=command.at,
        rules=("K9", "S11"),
    )
    return [scan]


def _is_evidence(command: RecordFact, dispute: Dispute) -> bool:
    """Whether it says that nothing came, and somebody may still decide on it (T11)."""
    if dispute.reason != Reason.NOT_RECEIVED:
        return False
    try:
        guard_row(fitting(Told.SCAN, dispute), dispute, command.actor, command.at)
    except WrongPhase:
        return False
    return True


def _arrived(before: Order, then: Order, dispute_id: str) -> list[Arrival]:
    had = disputed_pieces(before, dispute_id, missing_first=True)
    now = disputed_pieces(then, dispute_id, missing_first=True)
    return [arrival for old, new in zip(had, now, strict=True) if (arrival := _new(old, new))]


def _new(old: NamedPieces, new: NamedPieces) -> Arrival | None:
    """What more of them has come; another instant of what had come is nothing more."""
    had, came = _delivered(old), _delivered(new)
    if (more := _size(came) - _size(had)) <= 0:
        return None
    known = {replace(group, quantity=0) for group in had}
    groups = [group for group in came if replace(group, quantity=0) not in known]
    return Arrival(Pieces(line_id=new.line.line_id, quantity=more), groups or came)


def _delivered(pieces: NamedPieces) -> Sequence[PieceGroup]:
    return pieces.where(lambda group: group.delivered_at is not None).groups


def _size(groups: Sequence[PieceGroup]) -> int:
    return sum(group.quantity for group in groups)
