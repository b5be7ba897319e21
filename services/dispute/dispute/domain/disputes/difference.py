"""Difference: what was asked for and is asked back, against what the last word on the money says (K18)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dispute.domain.disputes.state import Dispute
from shared.events.money import Money
from shared.events.order import LineAmount

Parts = Sequence[LineAmount]
Minor = Mapping[str, int]
"""Money by line, in minor units."""


def asked_for(dispute: Dispute) -> Minor:
    """The money that was asked for and not refused."""
    return _sums(part for asked in dispute.refunds.values() if not asked.is_refused for part in asked.due.lines)


def asked_back(dispute: Dispute) -> Minor:
    """The money that is asked back, and not collected."""
    back = dispute.case.asked_back
    return _sums(back.lines) if back else {}


def difference(dispute: Dispute, lines: Parts) -> tuple[Parts, Parts]:
    """What these amounts are above, and below, what was asked for (K18)."""
    asked = asked_for(dispute)
    apart = [(part, part.amount.minor - asked.get(part.line_id, 0)) for part in lines]
    return [_part(part, minor) for part, minor in apart if minor > 0], [
        _part(part, -minor) for part, minor in apart if minor < 0
    ]


def is_asked_back(dispute: Dispute, less: Parts) -> bool:
    """Just this is asked back already; nothing is, where it is nothing."""
    return _sums(less) == asked_back(dispute)


def is_settled(dispute: Dispute, lines: Parts) -> bool:
    """What was asked for, less what is asked back, is this."""
    more, less = difference(dispute, lines)
    return not more and is_asked_back(dispute, less)


def all_paid(dispute: Dispute) -> bool:
    """Nothing that was asked for is under way, failed or with people."""
    return all(asked.is_paid or asked.is_refused for asked in dispute.refunds.values())


def _sums(parts: Iterable[LineAmount]) -> Minor:
    sums: dict[str, int] = defaultdict(int)
    for part in parts:
        sums[part.line_id] += part.amount.minor
    return dict(sums)


def _part(like: LineAmount, minor: int) -> LineAmount:
    return LineAmount(line_id=like.line_id, amount=Money(minor, like.amount.currency, like.amount.exponent))
