"""Progress of a solution: how far it is carried out, and what became of the money that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.events import dispute as events


class Fulfilment(StrEnum):
    """How far an agreed solution is carried out."""

    NONE = "none"
    RETURN_PENDING = "return_pending"
    RETURN_SHIPPED = "return_shipped"
    RETURN_RECEIVED = "return_received"
    REFUND_PENDING = "refund_pending"
    REFUND_ISSUED = "refund_issued"
    REFUND_FAILED = "refund_failed"


RETURN_STEPS = {
    events.ReturnOutcome.SHIPPED: Fulfilment.RETURN_SHIPPED,
    events.ReturnOutcome.RECEIVED: Fulfilment.RETURN_RECEIVED,
    events.ReturnOutcome.DENIED: Fulfilment.NONE,
    events.ReturnOutcome.VOIDED: Fulfilment.NONE,
}
REFUND_STEPS = {
    events.RefundOutcome.ISSUED: Fulfilment.REFUND_ISSUED,
    events.RefundOutcome.FAILED: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.SENT_TO_MANUAL: Fulfilment.REFUND_FAILED,
    events.RefundOutcome.REFUSED: Fulfilment.NONE,
}


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """Money that was asked for, and the refund service's last word on it."""

    due: events.RefundDue
    outcome: events.RefundOutcome | None = None

    @property
    def is_paid(self) -> bool:
        return self.outcome == events.RefundOutcome.ISSUED

    @property
    def is_refused(self) -> bool:
        return self.outcome == events.RefundOutcome.REFUSED
