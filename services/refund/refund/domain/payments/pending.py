"""Pending: what the provider has taken and is not done with stays to be paid, and is asked after later (T30b)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from refund.domain.deadlines import DeadlineKind
from refund.domain.payments.outcomes import OutcomeCommand
from refund.domain.payments.state import PENDING, Payment
from shared.events.base import Event, Instant, wire_time
from shared.events.deadlines import DeadlineMoved


class RecordPending(OutcomeCommand):
    """The provider has taken it, and says later whether the money goes."""

    ask_at: Instant

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, ask_at: datetime, at: datetime) -> Self:
        said = f"pending {wire_time(at)}"
        return cls.derived(said, refund_id, attempt, order_id=order_id, ask_at=ask_at, at=at)


def record_pending(command: RecordPending, payment: Payment) -> Sequence[Event]:
    """Nothing is paid anew: the same attempt is asked after at another instant."""
    _, part = payment.part(command.refund_id)
    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    kind = DeadlineKind.PAY.of(part.id)
    return [DeadlineMoved(kind=kind, previous_due_at=part.pay_at, due_at=command.ask_at, rules=(PENDING,))]
