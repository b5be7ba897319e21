"""Deadlines of a payment's stream: when the provider is to be asked for each part of a refund, and when the bank has
credited it (T30-T32a, D12).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refund.domain.deadlines import DeadlineKind
from shared.decider import Clear, Start
from shared.events.base import Event
from shared.events.refund import (
    RefundApproved,
    RefundFailed,
    RefundHeld,
    RefundIssued,
    RefundPartIssued,
    RefundRetried,
    RefundReturnedByBank,
    RefundSentToManual,
    RefundSettled,
    RefundSettlementOverdue,
)

KINDS = (DeadlineKind.PAY, DeadlineKind.SETTLEMENT)
"""Of a payment's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    match event:
        case RefundApproved():
            return [Start(DeadlineKind.PAY.of(name), event.pay_at) for name in event.part_ids or (event.refund_id,)]
        case RefundRetried():
            return [Start(_pay(event), event.pay_at)]
        case RefundFailed(retry_at=retry_at) if retry_at:
            return [Start(_pay(event), retry_at)]
        case RefundIssued():
            started = Start(DeadlineKind.SETTLEMENT.of(event.refund_id), event.expected_until)
            return [started] if event.parts else [Clear(_pay(event)), started]
        case RefundPartIssued() | RefundSentToManual() | RefundHeld():
            return [Clear(_pay(event))]
        case RefundSettled(is_last=True) | RefundSettlementOverdue() | RefundReturnedByBank():
            return [Clear(DeadlineKind.SETTLEMENT.of(event.refund_id))]
    return []


def _pay(event: Any) -> str:
    step = getattr(event, "part", None)
    return DeadlineKind.PAY.of(step.part_id if step else event.refund_id)
