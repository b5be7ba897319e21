"""Rights by the law of the buyer's country: they add to every programme, and no terms are stricter (S17, S96)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.disputes.opening.law import opens_by_law
from dispute.domain.entitlements.entitlement import EntitlementKind, FromReceipt, Question
from dispute.domain.orders.law import covers, excludes, is_conformity, runs_until
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.rejections import ItemExcluded, ReasonNotCovered, ReturnWindowClosed, WarrantyNotApplicable
from shared.events.dispute import Payer
from shared.events.order import LawRight


class Statutory(FromReceipt):
    """One right of the law that the order was bound to (S94, S95, K25)."""

    kind = EntitlementKind.STATUTORY

    def __init__(self, right: LawRight) -> None:
        self.right = right
        self.name, self.version, self.rules = right.right, right.version, right.rules
        self.payer = Payer(right.payer)
        self.remedies = right.remedies
        self.over = WarrantyNotApplicable if is_conformity(right) else ReturnWindowClosed

    def guard(self, question: Question, line: Line) -> None:
        if not covers(self.right, question.reason):
            raise ReasonNotCovered("This right is against faults.", rules=self.rules)
        if excludes(self.right, line):
            raise ItemExcluded("The law excludes goods of this kind.", rules=self.rules)

    def opens(self, question: Question, line_id: str) -> bool:
        by_law = opens_by_law(question.order, line_id, question.reason, question.now)
        return is_conformity(self.right) and by_law

    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        """A buyer may withdraw before anything has come; what is faulty shows with the receipt."""
        return question.order.received(group) if is_conformity(self.right) else question.order.paid_at

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime | None:
        return runs_until(question.order, self.right, group)
