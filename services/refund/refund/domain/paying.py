"""How paying goes: what the provider answered, further tries, and the bank's word (T30-T32, T31a)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from refund.domain.commands import RecordDeclined, RecordIssued, RecordSettled, RetryRefund
from refund.domain.parties import is_buyer, known, visible
from refund.domain.payment import Payment, Refund, RefundStatus
from refund.domain.rejections import Forbidden, WrongPhase
from shared.events.base import Actor, Event
from shared.events.calendar import within_business_days
from shared.events.refund import (
    RefundFailed,
    RefundIssued,
    RefundRequested,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)

RETRY_LIMIT = 5
"""Tries after the first one, by the system's own motion (`refunds.retry_limit`); then people take over (T31a)."""

FIRST_PAUSE = timedelta(minutes=1)
"""Before the first retry; doubled before each further one."""


def record_issued(command: RecordIssued, payment: Payment) -> Sequence[Event]:
    """Money that went is recorded in every state: a fact is not up for debate."""
    refund = known(payment, command.refund_id)
    if refund.issued or not isinstance(refund.asked, RefundRequested):
        return []
    earliest, latest = refund.asked.bank_window_bd
    return [
        RefundIssued(
            **refund.facts,
            destination=refund.destination,
            provider_ref=command.provider_ref,
            issued_at=command.at,
            expected_from=within_business_days(command.at, earliest, refund.asked.timezone),
            expected_until=within_business_days(command.at, latest, refund.asked.timezone),
            rules=("S57", "S58", "K1", "T30", "D12"),
        )
    ]


def record_declined(command: RecordDeclined, payment: Payment) -> Sequence[Event]:
    """An answer to an attempt that is over already (a repeat that came late) decides nothing."""
    refund = known(payment, command.refund_id)
    if refund.issued or refund.pay_at is None or command.attempt != refund.failures:
        return []
    failures = refund.failures + 1
    if failures > RETRY_LIMIT:
        failed = RefundFailed(
            **refund.facts, reason=command.reason, failures=failures, retry_at=None, rules=("T31", "S63")
        )
        return [failed, RefundSentToManual(**refund.facts, failures=failures, rules=("T31a",))]
    retry_at = command.at + FIRST_PAUSE * 2 ** (failures - 1)
    return [
        RefundFailed(**refund.facts, reason=command.reason, failures=failures, retry_at=retry_at, rules=("T31", "S63"))
    ]


def guard_retry(payment: Payment, refund_id: str, actor: Actor) -> None:
    """G8: support or the buyer, and there is something to try again (S63).

    What people took over (T31a) is support's alone: they may have sent the money by hand, and a retry would pay it
    again.
    """
    refund = _theirs_to_retry(payment, refund_id, actor)
    if refund.status is RefundStatus.MANUAL and "support" not in actor.roles:
        raise Forbidden("People took this refund over: only support tries it again.")
    if refund.status not in {RefundStatus.FAILED, RefundStatus.MANUAL}:
        raise WrongPhase(f"The refund is {refund.status}: there is nothing to retry.", state=refund.status)


def retry_refund(command: RetryRefund, payment: Payment) -> Sequence[Event]:
    refund = _theirs_to_retry(payment, command.refund_id, command.actor)
    # Due already: the provider is being asked with this attempt's key, whose age a second start would hide
    # (effects.py).
    if refund.pay_at and refund.pay_at <= command.at:
        return []
    guard_retry(payment, command.refund_id, command.actor)
    return [
        RefundRetried(refund_id=command.refund_id, order_id=command.order_id, pay_at=command.at, rules=("S63", "T31"))
    ]


def _theirs_to_retry(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    refund = visible(payment, refund_id, actor)
    if "support" not in actor.roles and not is_buyer(payment, actor):
        raise Forbidden("A refund is retried by support or by the buyer.")
    return refund


def record_settled(command: RecordSettled, payment: Payment) -> Sequence[Event]:
    refund = known(payment, command.refund_id)
    if refund.status is RefundStatus.SETTLED:
        return []
    if not refund.issued:
        raise WrongPhase(f"The refund is {refund.status}: nothing was issued.")
    return [
        RefundSettled(
            refund_id=command.refund_id, order_id=command.order_id, settled_at=command.at, rules=("S62", "T32")
        )
    ]
