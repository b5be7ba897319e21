"""Ending of a decided dispute: what was ruled against what was asked for, and whether nothing is left to do (T33)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from dispute.domain.disputes.case import ruling_in
from dispute.domain.disputes.settlement import closed
from dispute.domain.disputes.state import Dispute, DisputeState
from shared.events.dispute import SENT_AGAIN, CloseReason, DisputeClosed
from shared.events.mediation import Ruling
from shared.events.money import Money
from shared.events.order import LineAmount

Parts = Sequence[LineAmount]


def asked_for(dispute: Dispute) -> Mapping[str, int]:
    """The money of each line that was asked for and not refused, less what is asked back, in minor units."""
    sums: dict[str, int] = defaultdict(int)
    for asked in dispute.refunds.values():
        for part in asked.due.lines if not asked.is_refused else ():
            sums[part.line_id] += part.amount.minor
    for part in (part for back in dispute.case.clawbacks for part in back.lines):
        sums[part.line_id] -= part.amount.minor
    return sums


def difference(dispute: Dispute, lines: Parts) -> tuple[Parts, Parts]:
    """What these amounts are above, and below, what was asked for (K18)."""
    asked = asked_for(dispute)
    apart = [(part, part.amount.minor - asked.get(part.line_id, 0)) for part in lines]
    return [_part(part, minor) for part, minor in apart if minor > 0], [
        _part(part, -minor) for part, minor in apart if minor < 0
    ]


def _part(like: LineAmount, minor: int) -> LineAmount:
    return LineAmount(line_id=like.line_id, amount=Money(minor, like.amount.currency, like.amount.exponent))


def all_paid(dispute: Dispute) -> bool:
    """Nothing that was asked for is under way, failed or with people."""
    return all(asked.is_paid or asked.is_refused for asked in dispute.refunds.values())


def ruling_of(dispute: Dispute) -> Ruling | None:
    """What the platform's last word says."""
    return ruling_in(dispute.case.ruled) if dispute.case.ruled else None


def is_over(dispute: Dispute) -> bool:
    """T33: it is decided, nobody can appeal any more, what was ruled is what was paid, and nothing is to come."""
    ruling = ruling_of(dispute)
    if (
        dispute.state != DisputeState.DECIDED
        or dispute.case.appeal_until
        or not ruling
        or dispute.replacement.is_awaited
    ):
        return False
    return all_paid(dispute) and difference(dispute, ruling.lines) == ([], [])


def ended(dispute: Dispute, at: datetime) -> DisputeClosed:
    """The end of a decided dispute, with the final decision's amount (S52)."""
    ruling = ruling_of(dispute)
    assert ruling
    return closed(dispute, reason_of(ruling), ruling.amount, at, ("T33", "S52"))


def reason_of(ruling: Ruling) -> CloseReason:
    """How a dispute with this ruling ends."""
    if ruling.type in SENT_AGAIN:
        return CloseReason.REPLACED
    return CloseReason.REFUNDED if ruling.amount else CloseReason.NO_REFUND
