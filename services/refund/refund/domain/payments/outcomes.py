"""What an attempt to pay a refund came to: the provider's answer (T30, T31, T31a).

What nobody knows yet is asked again by `effects.py`. The provider knows each part of a refund by the part's id, and so
do the commands: as `refund_id`, which it is where one payment gives the refund.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from refund.domain.commands import RefundCommand
from refund.domain.payments.issuing import issued
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.retries import RETRY_LIMIT, retry_due
from refund.domain.payments.state import Payment
from shared.events.base import SYSTEM, Event
from shared.events.ids import derived_uuid
from shared.events.refund import ManualReason, RefundFailed, RefundPaidTwice, RefundSentToManual


class OutcomeCommand(RefundCommand):
    """What the provider answered to the attempt numbered by the definitive failures before it."""

    attempt: int

    @classmethod
    def derived(cls, outcome: str, refund_id: str, attempt: int, **fields: Any) -> Self:
        """The command whose id follows from the outcome, so that hearing it twice records it once."""
        command_id = derived_uuid(refund_id, attempt, outcome)
        return cls(command_id=command_id, actor=SYSTEM, refund_id=refund_id, attempt=attempt, **fields)


class RecordIssued(OutcomeCommand):
    """The money went; `provider_ref` is the provider's own name for it."""

    provider_ref: str

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, provider_ref: str, at: datetime) -> Self:
        return cls.derived("issued", refund_id, attempt, order_id=order_id, provider_ref=provider_ref, at=at)


def record_issued(command: RecordIssued, payment: Payment) -> Sequence[Event]:
    """Money that went is recorded in every state: a fact is not up for debate, nor is that it went twice: by hand and
    by the provider, or under an earlier key of the provider's too (T31a). What came back went before.
    """
    refund, part = payment.part(command.refund_id)
    if not part or part.came_back_as(command.attempt, command.provider_ref):
        return []
    if part.issued_at:
        return _paid_twice(command, refund, part) if _is_another(command, part) else []
    rules = ("S57", "S58", "K1", "T30", "D12")
    return issued(payment, refund, part, command.provider_ref, command.at, rules)


def _is_another(command: RecordIssued, part: Part) -> bool:
    """Whether the provider names a payment beside that which is recorded; one such is told, and people see to all."""
    earlier = command.attempt < part.failures and command.provider_ref != part.provider_ref
    return not part.paid_twice and (part.manual or earlier)


def _paid_twice(command: RecordIssued, refund: Refund, part: Part) -> Sequence[Event]:
    return [
        RefundPaidTwice(
            **refund.fields_of(part, part.state),
            payment_id=part.payment_id,
            provider_ref=command.provider_ref,
            learnt_at=command.at,
            rules=("K1", "T31a"),
        )
    ]


class RecordDeclined(OutcomeCommand):
    """No money went, and none will under this attempt's key."""

    reason: str

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, reason: str, at: datetime) -> Self:
        return cls.derived("declined", refund_id, attempt, order_id=order_id, reason=reason, at=at)


def record_declined(command: RecordDeclined, payment: Payment) -> Sequence[Event]:
    """An answer to an attempt that is over already (a repeat that came late) decides nothing."""
    refund, part = payment.part(command.refund_id)
    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    failures = part.failures + 1
    is_last = failures > RETRY_LIMIT
    retry_at = None if is_last else retry_due(command.at, failures)
    failed = RefundFailed(
        **refund.fields_of(part, RefundState.FAILED, retry_at),
        reason=command.reason,
        failures=failures,
        again=refund.state is RefundState.FAILED,
        retry_at=retry_at,
        rules=("T31", "S63"),
    )
    manual = RefundSentToManual(
        **refund.fields_of(part, RefundState.MANUAL),
        failures=failures,
        reason=ManualReason.RETRIES_USED_UP,
        rules=("T31a",),
    )
    return [failed, manual] if is_last else [failed]


class RecordDoubtful(OutcomeCommand):
    """Money may have gone, and a further try could pay it twice; `doubts` counts those before this one."""

    reason: ManualReason
    differs: tuple[str, ...]
    provider_ref: str | None

    @classmethod
    def of(cls, order_id: str, refund_id: str, attempt: int, doubts: int, at: datetime, **fields: Any) -> Self:
        return cls.derived(f"doubtful {doubts}", refund_id, attempt, order_id=order_id, at=at, **fields)


def record_doubtful(command: RecordDoubtful, payment: Payment) -> Sequence[Event]:
    """People look into the provider's books; the money stays reserved."""
    refund, part = payment.part(command.refund_id)
    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    return [
        RefundSentToManual(
            **refund.fields_of(part, RefundState.MANUAL),
            failures=part.failures,
            reason=command.reason,
            differs=command.differs,
            provider_ref=command.provider_ref,
            rules=("T31a",),
        )
    ]
