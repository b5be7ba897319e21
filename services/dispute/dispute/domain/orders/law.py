"""Law of the buyer's country: until when a right of it runs, and what it covers (S17, S94, S95, K25)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.orders.categories import words_of
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.state import Order
from shared.events.calendar import within_days, within_years
from shared.events.dispute import Reason
from shared.events.open_enums import known
from shared.events.order import LawRight, RightKind

FAULTS = frozenset(
    {
        Reason.NOT_AS_DESCRIBED,
        Reason.COUNTERFEIT,
        Reason.DAMAGED,
        Reason.SHORTAGE,
        Reason.DEFECTIVE,
        Reason.WRONG_ITEM,
        Reason.WRONG_SIZE,
    }
)
"""What does not conform to what was sold."""


def is_conformity(right: LawRight) -> bool:
    """Against faults, and not for no reason."""
    return known(right.kind) == RightKind.CONFORMITY


def covers(right: LawRight, reason: Reason | None) -> bool:
    """Whether it is against this; without a reason, whether there is one that it is against."""
    return not is_conformity(right) or reason is None or reason in FAULTS


def excludes(right: LawRight, line: Line) -> bool:
    """By a flag of the line, or by a word of its category."""
    words = words_of(line.listing.category)
    flagged = set(right.excluded_flags).intersection(line.flags)
    return bool(flagged) or any(words_of(category) <= words for category in right.excluded_categories)


def runs_until(order: Order, right: LawRight, group: PieceGroup) -> datetime | None:
    """The end of the right for these pieces, exclusive; None while they were not received."""
    received_at = order.received(group)
    if order.terms is None or received_at is None:
        return None
    zone = order.terms.timezone
    if right.years:
        return within_years(received_at, right.years, zone)
    is_short = right.not_durable_days and "not_durable" in order.lines[group.line_id].flags
    return within_days(received_at, (right.not_durable_days if is_short else right.days) or 0, zone)


def against_faults(order: Order, line: Line, reason: Reason | None) -> list[LawRight]:
    """The rights by which the law stands up for who got this line faulty, as is said."""
    law = order.terms.law if order.terms else ()
    return [one for one in law if is_conformity(one) and covers(one, reason) and not excludes(one, line)]
