"""Progress of a solution: how far it is carried out, and what became of the money that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispute.domain.orders.payments.bank import OF_THE_BANK
from dispute.domain.orders.refund import less, with_found
from shared.events import dispute as events
from shared.events import mediation
from shared.events.base import Event
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.mediation.repayments import LateArrivalReported, RepaymentAgreed, RepaymentReceived
from shared.events.money import Money, total
from shared.events.order import LineAmount
from shared.events.outside.chargeback import ExternalChargeback
from shared.rejections import WrongPhase


class Fulfilment(StrEnum):
    """How far an agreed solution is carried out."""

    NONE = "none"
    RETURN_PENDING = "return_pending"
    RETURN_SHIPPED = "return_shipped"
    RETURN_RECEIVED = "return_received"
    LAPSED = "lapsed"
    REFUND_PENDING = "refund_pending"
    REFUND_ISSUED = "refund_issued"
    REFUND_FAILED = "refund_failed"
    REPLACEMENT_PENDING = "replacement_pending"
    REPLACED = "replaced"


RETURN_STEPS: Mapping[str, Fulfilment] = {
    events.ReturnOutcome.SHIPPED: Fulfilment.RETURN_SHIPPED,
    events.ReturnOutcome.RECEIVED: Fulfilment.RETURN_RECEIVED,
    events.ReturnOutcome.DENIED: Fulfilment.NONE,
    events.ReturnOutcome.VOIDED: Fulfilment.NONE,
    events.ReturnOutcome.LAPSED: Fulfilment.LAPSED,
}
REFUND_STEPS = {
    events.RefundOutcome.ISSUED: Fulfilment.REFUND_ISSUED,
    events.RefundOutcome.FAILED: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.SENT_TO_MANUAL: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.REFUSED: Fulfilment.NONE,
    events.RefundOutcome.ABANDONED: Fulfilment.NONE,
}


def after_step(now: Fulfilment, outcome: str) -> Fulfilment:
    """How far the solution is after a step of its return; what lapses is a return that is still waited for."""
    lapses = outcome == events.ReturnOutcome.LAPSED
    return now if lapses and now != Fulfilment.RETURN_PENDING else RETURN_STEPS.get(outcome, now)


OF_A_REPLACEMENT = (Fulfilment.REPLACEMENT_PENDING, Fulfilment.REPLACED)
"""What stands is a parcel: what becomes of money that was asked for before it changes nothing of that."""


def after_note(now: Fulfilment, outcome: events.RefundOutcome, *, is_last: bool, is_paid: bool) -> Fulfilment:
    """How far the solution is after a refund's note. The last refund that was asked for says it, and one from before
    only that something is paid (`is_paid`: any refund is), which it is not back to nothing from.
    """
    if now in OF_A_REPLACEMENT or outcome not in REFUND_STEPS:
        return now
    step = REFUND_STEPS[outcome] if is_last else now
    return Fulfilment.REFUND_ISSUED if step == Fulfilment.NONE and is_paid else step


NOTHING = frozenset({events.RefundOutcome.REFUSED, events.RefundOutcome.ABANDONED})
"""Of money that is not paid: refused, or given up by support."""


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """Money that was asked for, and the refund service's last word on it; `counted_out` once a later word on the money
    has counted without what was not paid of it; `again` is what support asks for in its place (T30a); `bank` is what
    was noted last of the money that was paid (T32a).
    """

    due: events.RefundDue
    outcome: events.RefundOutcome | None = None
    counted_out: bool = False
    again: events.RefundDue | None = None
    paid: events.RefundNoted | None = None
    bank: events.RefundOutcome | None = None

    @property
    def said(self) -> events.RefundOutcome | None:
        """The last word on it, whoever's it is."""
        return self.bank or self.outcome

    @property
    def is_paid(self) -> bool:
        return self.outcome == events.RefundOutcome.ISSUED

    @property
    def brings_nothing(self) -> bool:
        return self.outcome in NOTHING

    @property
    def lines(self) -> Sequence[LineAmount]:
        """The money that it brings or brought: of a refund in parts only what went."""
        return self.paid.lines if self.paid else () if self.brings_nothing else self.due.lines

    @property
    def amount(self) -> Money:
        """What was paid, else what was asked for."""
        return self.paid.amount if self.paid else self.due.amount

    @property
    def is_short(self) -> bool:
        """Not all of it is paid: it was refused or given up, as a whole or in part."""
        return self.brings_nothing or self.amount != self.due.amount

    @property
    def may_be_asked_again(self) -> bool:
        """It was refused, and its money is owed still (T30a)."""
        return self.outcome == events.RefundOutcome.REFUSED and not self.counted_out and not self.again

    @property
    def given_up(self) -> Sequence[LineAmount]:
        """What support gave up of it, and nobody has decided about since: all, a part, or what is not asked again."""
        if self.counted_out:
            return ()
        if self.paid:
            return less(self.due.lines, self.paid.lines)
        if self.again:
            return less(self.due.lines, self.again.lines)
        return self.due.lines if self.outcome == events.RefundOutcome.ABANDONED else ()


Refunds = Mapping[str, AskedRefund]
"""By id, in the order in which they were asked for."""
Noted = events.RefundNoted | events.ReturnNoted | ClawbackSettled | ClawbackFailed | ExternalChargeback
"""What others tell of a dispute, also once it is closed."""
Late = LateArrivalReported | RepaymentAgreed | RepaymentReceived
"""What the parties tell once the money went back, which is no part of what led there."""


def due(refunds: Refunds, event: events.RefundDue) -> Refunds:
    """The refunds with another one that is asked for, which may replace one that was refused."""
    before = refunds.get(event.replaces) if event.replaces else None
    replaced = {before.due.refund_id: replace(before, again=event)} if before else {}
    return {**refunds, **replaced, event.refund_id: AskedRefund(event)}


def noted(refunds: Refunds, event: events.RefundNoted) -> Refunds:
    """The refunds with the refund service's word on one that was asked for."""
    asked = refunds.get(event.refund_id)
    if not asked or event.outcome == events.RefundOutcome.FOUND_UNPAID:
        return refunds
    if event.outcome in OF_THE_BANK:
        return {**refunds, event.refund_id: replace(asked, bank=event.outcome)}
    if event.outcome == events.RefundOutcome.FOUND_PAID:
        also = replace(asked, paid=with_found(asked.paid, event)) if asked.paid else asked
        return {**refunds, event.refund_id: also}
    paid = event if event.outcome == events.RefundOutcome.ISSUED else asked.paid
    return {**refunds, event.refund_id: replace(asked, outcome=event.outcome, paid=paid)}


_WORDS: Mapping[type[Event], Callable[[Any], bool]] = {
    events.SolutionReached: lambda _: True,
    events.CancellationNoted: lambda _: True,
    mediation.DecisionIssued: lambda _: True,
    mediation.AppealDecided: lambda event: event.decision != mediation.AppealOutcome.UPHELD,
    SupportOverrideApplied: lambda event: event.ruling is not None,
}
"""By event: whether it is another word on the money."""


def counted_anew(refunds: Refunds, event: Event) -> Refunds:
    """The refunds; another word on the money counts without what was refused or given up before it."""
    word = _WORDS.get(type(event))
    if not word or not word(event) or not any(asked.is_short for asked in refunds.values()):
        return refunds
    return {name: replace(asked, counted_out=asked.counted_out or asked.is_short) for name, asked in refunds.items()}


def last_outcome(refunds: Refunds) -> events.RefundOutcome | None:
    """The last word on the last refund."""
    return list(refunds.values())[-1].said if refunds else None


def refunded(refunds: Refunds) -> Money | None:
    """The sum of all that was paid; None where nothing was."""
    paid = [asked.amount for asked in refunds.values() if asked.is_paid]
    return total(paid) if paid else None


def not_refunded(refunds: Refunds, state: StrEnum | None) -> WrongPhase | None:
    """The refusal of what is about money that went back to the buyer, as long as none did (S65, T36)."""
    if refunded(refunds):
        return None
    return WrongPhase("No money went back to the buyer.", state=state, rules=("S65", "T36"))


def with_step(now: Fulfilment, received_at: datetime | None, event: events.ReturnNoted) -> Mapping[str, Any]:
    """What changes of the dispute with a step of its return; the goods were received when that was said first."""
    received = event.noted_at if event.outcome == events.ReturnOutcome.RECEIVED else None
    inspected = {"inspected": event} if event.outcome == events.ReturnOutcome.FAILED else {}
    return {
        "fulfilment": after_step(now, event.outcome),
        "returned": event.outcome,
        "received_at": received_at or received,
        **inspected,
    }


def with_note(now: Fulfilment, refunds: Refunds, event: events.RefundNoted) -> Mapping[str, Any]:
    """What changes of the dispute with the refund service's word on one of its refunds."""
    after = noted(refunds, event)
    is_last, is_paid = event.refund_id in list(after)[-1:], refunded(after) is not None
    return {"fulfilment": after_note(now, event.outcome, is_last=is_last, is_paid=is_paid), "refunds": after}


FULFILLED: Mapping[type[Event], Fulfilment] = {
    events.ReplacementReceived: Fulfilment.REPLACED,
    events.ReplacementOverdue: Fulfilment.NONE,
    events.ReplacementNotDue: Fulfilment.NONE,
    events.ReturnNotDue: Fulfilment.NONE,
}
"""How far the solution is once this has happened."""
