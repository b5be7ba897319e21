"""Difference: what was asked for and is asked back, against what the last word on the money says (K18)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dispute.domain.disputes.asked_back.clawbacks import Ended
from dispute.domain.disputes.state import Dispute
from shared.events.mediation import ClawbackRequested
from shared.events.money import Money
from shared.events.order import LineAmount

Parts = Sequence[LineAmount]
Minor = Mapping[str, int]
"""Money by line, in minor units."""


def asked_for(dispute: Dispute) -> Minor:
    """The money that was asked for, and neither refused nor given up."""
    return sums(part for asked in dispute.refunds.values() for part in asked.lines)


def passed(dispute: Dispute) -> Minor:
    """The money of the pieces that passed an inspection that others failed: it went, whatever follows (T27)."""
    return sums(dispute.inspected.passed) if dispute.inspected else {}


def given_up(dispute: Dispute) -> Minor:
    """The money of the last word that support has given up: so much less is paid (T30a, T31a)."""
    return sums(part for asked in dispute.refunds.values() for part in asked.given_up)


def asked_back(dispute: Dispute) -> Minor:
    """The money that is asked back of the buyer, with what has come of it or is lost."""
    return _sums_of(dispute.case.asked_back, *_over(dispute, "buyer"))


def paid_out(dispute: Dispute) -> frozenset[str]:
    """The lines whose seller was paid before: what goes back of them is asked of him (K19)."""
    by_law = dispute.first_event.by_law if dispute.first_event else None
    return frozenset(by_law.paid_out) if by_law else frozenset()


def asked_of_seller(dispute: Dispute) -> Minor:
    """What the seller was paid and is asked for, and has not given (K19)."""
    return _sums_of(dispute.case.asked_of("seller"))


def owed_by_seller(dispute: Dispute) -> Parts:
    """What the buyer has of the money that the seller was paid before: what was asked for, less what is asked back, and
    less what the seller has given, or is lost of it.
    """
    asked, back = asked_for(dispute), asked_back(dispute)
    over, theirs = _sums_of(*_over(dispute, "seller")), paid_out(dispute)
    gone = {name: back.get(name, 0) + over.get(name, 0) for name in theirs}
    lines = [line for line in dispute.opened.lines if line.line_id in theirs]
    owed = [(line, minor) for line in lines if (minor := asked.get(line.line_id, 0) - gone[line.line_id]) > 0]
    return [_money(line.line_id, minor, line.cap) for line, minor in owed]


def _over(dispute: Dispute, party: str) -> Sequence[Ended]:
    clawbacks = dispute.case.clawbacks
    return clawbacks.over(party) if clawbacks.ended else ()


def difference(dispute: Dispute, lines: Parts) -> tuple[Parts, Parts]:
    """What these amounts are above, and below, what was asked for (K18)."""
    asked = asked_for(dispute)
    apart = [(part, part.amount.minor - asked.get(part.line_id, 0)) for part in lines]
    return [_part(part, minor) for part, minor in apart if minor > 0], [
        _part(part, -minor) for part, minor in apart if minor < 0
    ]


def is_asked_back(dispute: Dispute, less: Parts) -> bool:
    """Just this is asked back already; nothing is, where it is nothing."""
    return sums(less) == asked_back(dispute)


def is_settled(dispute: Dispute, lines: Parts) -> bool:
    """What was asked for, less what is asked back, is this, but for what was given up."""
    more, less = difference(dispute, lines)
    return sums(more) == given_up(dispute) and is_asked_back(dispute, less)


def all_paid(dispute: Dispute) -> bool:
    """Nothing that was asked for is under way, failed or with people."""
    return all(asked.is_paid or asked.brings_nothing for asked in dispute.refunds.values())


def sums(parts: Iterable[LineAmount]) -> Minor:
    """The money of these parts by line."""
    found: dict[str, int] = defaultdict(int)
    for part in parts:
        found[part.line_id] += part.amount.minor
    return dict(found)


def _sums_of(*backs: ClawbackRequested | Ended | None) -> Minor:
    return sums(part for back in backs if back for part in back.lines)


def _part(like: LineAmount, minor: int) -> LineAmount:
    return _money(like.line_id, minor, like.amount)


def _money(line_id: str, minor: int, like: Money) -> LineAmount:
    return LineAmount(line_id=line_id, amount=Money(minor, like.currency, like.exponent))
