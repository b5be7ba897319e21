"""The programme's own promise, as a dispute would be judged; and the cancellation before anything is shipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dispute.domain.disputes.form import guard_returnable
from dispute.domain.disputes.opening.eligibility import covering_rule, guard_eligible, guard_platform
from dispute.domain.disputes.opening.law import guard_denied
from dispute.domain.entitlements.entitlement import Entitlement, EntitlementKind, Question
from dispute.domain.orders.cancellation import guard_cancellable
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces, named_pieces
from dispute.domain.orders.protection import group_opens_at, protected_until
from dispute.domain.rejections import OrderAlreadyCompleted, TooEarly
from shared.events.dispute import UNWANTED, Payer, Reason, SolutionType
from shared.events.order import Anchor, Remedy
from shared.rejections import Rejected, ValidationFailed

FROM_DELIVERY, FROM_PURCHASE = ("S21", "S22"), ("S21",)
NO_GROUND = frozenset({Reason.UNAUTHORISED_CHARGE, *UNWANTED})


class ProgrammeRight(Entitlement):
    """A dispute under the programme that the order is bound to: the guards of `OpenDispute` and no others."""

    kind = EntitlementKind.PROGRAMME

    def __init__(self, question: Question) -> None:
        terms, reason = question.terms, question.reason
        counted = FROM_PURCHASE if terms.anchor == Anchor.PAID else FROM_DELIVERY
        ground = (covering_rule(reason),) if reason and reason not in NO_GROUND else ()
        self.name, self.version = terms.programme, terms.version
        self.rules = tuple(dict.fromkeys((*ground, *counted, *terms.rules)))
        goes_back = _can_go_back(question)
        self.remedies = (Remedy.REFUND_ONLY, Remedy.RETURN_AND_REFUND) if goes_back else (Remedy.REFUND_ONLY,)
        self.payer = Payer.SELLER if goes_back else None
        self._until = protected_until(question.order, question.order.piece_groups)

    def granted(self, question: Question, pieces: NamedPieces) -> NamedPieces:
        """As many as a dispute could be about at once."""
        try:
            return self._eligible(question, pieces, pieces.quantity)
        except Rejected:
            # Some of the pieces may be disputed though not all of them can.
            quantity = _most(lambda quantity: self._passes(question, pieces, quantity), pieces.quantity - 1)
            if not quantity:
                raise
            return self._eligible(question, pieces, quantity)

    def opens(self, question: Question, line_id: str) -> bool:
        return True

    def _passes(self, question: Question, pieces: NamedPieces, quantity: int) -> bool:
        try:
            self._eligible(question, pieces, quantity)
        except Rejected:
            return False
        return True

    def _eligible(self, question: Question, pieces: NamedPieces, quantity: int) -> NamedPieces:
        whole = quantity == pieces.quantity
        named = [pieces] if whole else named_pieces(question.order, [(pieces.line.line_id, quantity)])
        unwanted = question.reason is Reason.CHANGE_OF_MIND
        if denied := guard_denied(question.order, named, question.now) if unwanted else None:
            return denied.pieces[0]
        return guard_eligible(question.order, named, question.reason, question.now)[0]

    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        return group_opens_at(question.order, group)

    def ends(self, question: Question, group: PieceGroup) -> datetime | None:
        return self._until[group] if group in self._until else protected_until(question.order, [group])[group]


def _most(passes: Callable[[int], bool], highest: int) -> int:
    """The highest number that passes, where every lower one does too; 0 where none does."""
    lowest = 0
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        lowest, highest = (middle, highest) if passes(middle) else (lowest, middle - 1)
    return lowest


def _can_go_back(question: Question) -> bool:
    """G7: what never came cannot."""
    order = question.order
    named = named_pieces(order, [(name, line.quantity) for name, line in order.lines.items()])
    try:
        guard_returnable(named, question.reason, SolutionType.RETURN_AND_REFUND)
    except ValidationFailed:
        return False
    return True


class Cancellation(Entitlement):
    """S88: from the payment until the seller ships; then all that was paid goes back (S66)."""

    kind = EntitlementKind.CANCELLATION
    name = None
    rules = ("S88", "S66")
    payer = None
    remedies = (Remedy.CANCELLATION,)

    def __init__(self, question: Question) -> None:
        self.version = question.terms.version

    def granted(self, question: Question, pieces: NamedPieces) -> NamedPieces:
        order = question.order
        guard_platform(order)
        if order.paid_at is None:
            raise TooEarly("Nothing is paid yet.", rules=self.rules)
        if order.cancelled_at:
            raise OrderAlreadyCompleted("It is cancelled already.", rules=self.rules)
        guard_cancellable(order, question.now)
        return pieces

    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        return question.order.paid_at

    def ends(self, question: Question, group: PieceGroup) -> datetime | None:
        return question.order.shipments.shipped_at
