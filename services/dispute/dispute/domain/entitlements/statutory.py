"""Rights by the law of the buyer's country: they add to every programme, and no terms are stricter (S17, S96)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.entitlements.categories import words_of
from dispute.domain.entitlements.entitlement import EntitlementKind, FromReceipt, Question
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.rejections import ItemExcluded, ReasonNotCovered, ReturnWindowClosed, WarrantyNotApplicable
from shared.events.calendar import within_days, within_years
from shared.events.dispute import Payer, Reason
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


class Statutory(FromReceipt):
    """One right of the law that the order was bound to (S94, S95, K25)."""

    kind = EntitlementKind.STATUTORY

    def __init__(self, right: LawRight) -> None:
        self.right = right
        self.name, self.version, self.rules = right.right, right.version, right.rules
        self.payer = Payer(right.payer)
        self.remedies = right.remedies
        self.over = WarrantyNotApplicable if self.is_conformity else ReturnWindowClosed

    @property
    def is_conformity(self) -> bool:
        return known(self.right.kind) == RightKind.CONFORMITY

    def guard(self, question: Question, line: Line) -> None:
        if self.is_conformity and question.reason and question.reason not in FAULTS:
            raise ReasonNotCovered("This right is against faults.", rules=self.rules)
        if self.is_excluded(line):
            raise ItemExcluded("The law excludes goods of this kind.", rules=self.rules)

    def is_excluded(self, line: Line) -> bool:
        """By a flag of the line, or by a word of its category."""
        right, words = self.right, words_of(line.listing.category)
        flagged = set(right.excluded_flags).intersection(line.flags)
        return bool(flagged) or any(words_of(category) <= words for category in right.excluded_categories)

    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        """A buyer may withdraw before anything has come; what is faulty shows with the receipt."""
        return question.order.received(group) if self.is_conformity else question.order.paid_at

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        right, zone = self.right, question.terms.timezone
        if right.years:
            return within_years(received_at, right.years, zone)
        is_short = right.not_durable_days and "not_durable" in question.order.lines[group.line_id].flags
        days = right.not_durable_days if is_short else right.days
        return within_days(received_at, days or 0, zone)
