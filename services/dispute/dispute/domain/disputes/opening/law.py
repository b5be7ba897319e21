"""Opening by right of law: what the programme refuses because its time is over the law may grant (S17, G4, K19)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dispute.domain.disputes.opening.eligibility import (
    guard_account,
    guard_again,
    guard_disputable,
    guard_eligible,
    guard_opened_yet,
    guard_platform,
    guard_reason,
    kept,
    like,
    not_disputable,
)
from dispute.domain.orders.law import FAULTS, against_faults, runs_until
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces, named_pieces, sold
from dispute.domain.orders.protection import protected_until
from dispute.domain.orders.returns.denials import denied_return
from dispute.domain.orders.state import Order
from dispute.domain.rejections import ProtectionAlreadyExpired, ReasonNotCovered
from shared.events.dispute import ByLaw, Reason
from shared.events.order import LawRight
from shared.rejections import Rejected


@dataclass(frozen=True, slots=True)
class Openable:
    """What a dispute may be about, and until when; `rights` are those of the law once the programme's time is over, and
    `denied` is the return whose denial it is about (T27x).
    """

    pieces: Sequence[NamedPieces]
    until: datetime | None
    rights: tuple[LawRight, ...] = ()
    denied: str | None = None

    @property
    def by_law(self) -> ByLaw | None:
        """What is recorded of it."""
        if not self.rights:
            return None
        paid_out = tuple(pieces.line.line_id for pieces in self.pieces if pieces.paid_out)
        return ByLaw(rights=tuple(right.right for right in self.rights), paid_out=paid_out)

    @property
    def rules(self) -> tuple[str, ...]:
        """Why it is in time."""
        if self.denied:
            return ("T27x",)
        cited = ("S17", *(rule for right in self.rights for rule in right.rules))
        return tuple(dict.fromkeys(cited)) if self.rights else ("S21", "S22")


def guard_openable(order: Order, named: Sequence[NamedPieces], reason: Reason | None, now: datetime) -> Openable:
    """No bank decides about it (G17), and then the guards of the programme, and where its time is over those of the
    law, which never give less (S17); what its seller has denied to take back may be disputed as unwanted (T27x).
    """
    if order.chargebacks.open:
        raise order.chargebacks.refusal
    denied = guard_denied(order, named, now) if reason in (None, Reason.CHANGE_OF_MIND) else None
    if denied and reason:
        return denied
    try:
        return Openable(guard_eligible(order, named, reason, now), order.protection_ends_at)
    except ProtectionAlreadyExpired:
        if found := guard_by_law(order, named, reason, now) or denied:
            return found
        raise


def guard_denied(order: Order, named: Sequence[NamedPieces], now: datetime) -> Openable | None:
    """G1, G2, G5 and G18 of a dispute about a return that its seller has denied; None where there is none of all that
    is named.
    """
    asked = [(pieces.line.line_id, pieces.quantity) for pieces in named]
    if not (denied := denied_return(order, asked, now)) or not denied.noted:
        return None
    guard_platform(order)
    guard_account(order)
    disputable = [guard_disputable(order, pieces, pieces) for pieces in named]
    guard_again(order, disputable, now)
    return Openable(disputable, denied.noted.dispute_until, denied=denied.due.return_id)


def opens_by_law(order: Order, line_id: str, reason: Reason | None, now: datetime) -> bool:
    """Whether a dispute about a piece of this line could be opened now, and by law alone."""
    try:
        return bool(guard_openable(order, named_pieces(order, [(line_id, 1)]), reason, now).rights)
    except Rejected:
        return False


def guard_against_fault(by_law: ByLaw | None, reason: Reason) -> None:
    """G6: what was opened by law is about a fault, and stays so (S17)."""
    if by_law and reason not in FAULTS:
        raise ReasonNotCovered("The programme's time is over, and the law is against faults.", rules=("S17",))


def guard_by_law(order: Order, named: Sequence[NamedPieces], reason: Reason | None, now: datetime) -> Openable | None:
    """G4 by the law against faults, then G5, G18 and G6; None where no right of it runs for all that is named."""
    law, programme = _by_law(order, named, reason, now), _by_programme(order, named, now)
    running = [pieces.where({*law, *programme}.__contains__) for pieces in guard_opened_yet(order, named, now)]
    if not all(pieces.enough for pieces in running):
        return None
    lawful = [pieces.where(law.__contains__) for pieces in running]
    disputable = [_disputable(order, *each) for each in zip(named, running, lawful, strict=True)]
    guard_again(order, disputable, now)
    passed = disputable if reason is None else guard_reason(order, disputable, reason, now)
    needed = [pieces for pieces in running if not pieces.where(programme.__contains__).enough]
    used = [max(law[group] for group in pieces.groups if group in law) for pieces in needed]
    return Openable(passed, min(used).until, tuple({bound.right.right: bound.right for bound in used}.values()))


@dataclass(frozen=True, slots=True, order=True)
class _Bound:
    """Until when a right runs."""

    until: datetime
    right: LawRight = field(compare=False)


def _by_law(
    order: Order, named: Sequence[NamedPieces], reason: Reason | None, now: datetime
) -> Mapping[PieceGroup, _Bound]:
    """The pieces for which the law stands up now, each with the longest of its rights."""
    found: dict[PieceGroup, _Bound] = {}
    for pieces in named:
        rights = against_faults(order, pieces.line, reason)
        for group in pieces.groups:
            bounds = [_Bound(end, right) for right in rights if (end := runs_until(order, right, group))]
            if (longest := max(bounds, default=None)) and now < longest.until:
                found[group] = longest
    return found


def _by_programme(order: Order, named: Sequence[NamedPieces], now: datetime) -> Collection[PieceGroup]:
    ends = protected_until(order, [group for pieces in named for group in pieces.groups])
    return {group for group, end in ends.items() if end is None or now < end}


def _disputable(order: Order, pieces: NamedPieces, running: NamedPieces, lawful: NamedPieces) -> NamedPieces:
    """G5: what is not paid out as ever, and by law also what the seller was paid for (K19)."""
    if left := kept(order, pieces, running):
        return left
    paid_out = like(sold(pieces), lawful)
    if paid_out.enough and not order.cancelled_at:
        return paid_out
    raise not_disputable(order, pieces.line)
