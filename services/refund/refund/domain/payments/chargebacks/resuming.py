"""Resuming: what a chargeback makes wait is sent on once the bank has decided, as far as there is room (T34, T35)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from refund.domain.payments.chargeback import Chargeback, first_open
from refund.domain.payments.outcomes import OutcomeCommand
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.retries import retried
from refund.domain.payments.room import in_the_way
from refund.domain.payments.state import Payment
from shared.events.base import Command, Event
from shared.events.refund import ManualReason, RefundHeld, RefundSentToManual


class RecordHeld(OutcomeCommand):
    """The provider was asked after a part that a chargeback is in the way of, and knows of no payment."""

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, behind: str, at: datetime) -> Self:
        """`behind` names the chargeback, and where that stands."""
        return cls.derived(f"held {behind}", refund_id, attempt, order_id=order_id, at=at)


def record_held(command: RecordHeld, payment: Payment) -> Sequence[Event]:
    """It waits for the bank; where the bank has paid the buyer, and left too little, people see to it."""
    refund, part = payment.part(command.refund_id)
    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    if not (one := in_the_way(payment, part)):
        return []
    return [_held(refund, part, one) if one.is_open else _left_to_people(refund, part)]


def resumed(command: Command, payment: Payment) -> Sequence[Event]:
    """All that was held goes on, unless another chargeback is open; what there is no room for is left to people."""
    if first_open(payment.chargebacks):
        return []
    held = [payment.find(part.id) for part in payment.parts if part.held_by]
    return [
        _left_to_people(refund, part) if in_the_way(payment, part) else retried(command, refund, part, "S103", "T35")
        for refund, part in filter(None, held)
    ]


def _held(refund: Refund, part: Part, one: Chargeback) -> RefundHeld:
    fields = refund.fields_of(part, part.state)
    del fields["lines"]
    return RefundHeld(**fields, chargeback_id=one.id, rules=("S103", "T34"))


def _left_to_people(refund: Refund, part: Part) -> RefundSentToManual:
    return RefundSentToManual(
        **refund.fields_of(part, RefundState.MANUAL),
        failures=part.failures,
        reason=ManualReason.CHARGED_BACK,
        rules=("S103", "T35", "T31a"),
    )
