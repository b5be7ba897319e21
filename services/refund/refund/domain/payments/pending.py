"""Pending: what the provider has taken and is not done with stays to be paid, and is asked after later, or as soon as
it sends word (T30b).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from refund.domain.commands import RefundCommand
from refund.domain.deadlines import DeadlineKind
from refund.domain.payments.outcomes import OutcomeCommand
from refund.domain.payments.refund import Part
from refund.domain.payments.settlement.bank import WENT
from refund.domain.payments.settlement.window import brought_forward, opened_again
from refund.domain.payments.state import PENDING, Payment
from shared.events.base import SYSTEM, Event, Instant
from shared.events.deadlines import DeadlineMoved
from shared.events.ids import derived_uuid

WITH_THE_PAYMENT = timedelta(minutes=1)
"""What the provider sends so soon after it has paid says nothing of a bank."""


class RecordPending(OutcomeCommand):
    """The provider has taken it, and says later whether the money goes."""

    ask_at: Instant

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, put_off: int, ask_at: datetime, at: datetime) -> Self:
        """After so many times that the question was put off before."""
        return cls.derived(f"pending {put_off}", refund_id, attempt, order_id=order_id, ask_at=ask_at, at=at)


def record_pending(command: RecordPending, payment: Payment) -> Sequence[Event]:
    """Nothing is paid anew: the same attempt is asked after at another instant."""
    _, part = payment.part(command.refund_id)
    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    return _asked_at(part, command.ask_at)


class AskNow(RefundCommand):
    """The provider sends word that something has become of it: what, it is asked."""

    @classmethod
    def of(cls, event_id: str, order_id: str, refund_id: str, at: datetime) -> Self:
        """The command whose id follows from the message, so that hearing it twice asks once."""
        command_id = derived_uuid("webhook", event_id)
        return cls(command_id=command_id, actor=SYSTEM, order_id=order_id, refund_id=refund_id, at=at)


def ask_now(command: AskNow, payment: Payment) -> Sequence[Event]:
    """What is pending is asked after, and where the money is that went, also once a bank has confirmed it: it may come
    back all the same (T32a). All else is asked by itself at its own time, or has its answer.
    """
    found = payment.find(command.refund_id)
    if not found:
        return []
    refund, part = found
    if _is_with_a_bank(part, command.at) and refund.issued:
        if not refund.settle_by:
            return [opened_again(refund, command.at)]
        return [brought_forward(refund, command.at)] if refund.settle_by > command.at else []
    if not part.pending or not part.pay_at or part.pay_at <= command.at:
        return []
    return _asked_at(part, command.at)


def _is_with_a_bank(part: Part, at: datetime) -> bool:
    """A word that comes with the payment tells of the payment."""
    went = part.issued_at if part.state in WENT and not part.manual else None
    return went is not None and at - went >= WITH_THE_PAYMENT


def _asked_at(part: Part, at: datetime) -> Sequence[Event]:
    assert part.pay_at
    kind = DeadlineKind.PAY.of(part.id)
    return [DeadlineMoved(kind=kind, previous_due_at=part.pay_at, due_at=at, rules=(PENDING,))]
