"""View of what came later than the money of a dispute, or than its end (S52, S65, K19)."""

from __future__ import annotations

from typing import Any, assert_never

from dispute.domain.disputes.afterwards.repayment import Repayment, repayment_of
from dispute.domain.disputes.progress import Late, Noted
from dispute.domain.disputes.state import Dispute
from dispute.views.disputes.late_members import AfterClose, LateMembers, RepaymentView
from shared.events.dispute import RefundNoted, ReturnNoted
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled
from shared.events.mediation.repayments import LateArrivalReported, RepaymentAgreed, RepaymentReceived
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.views import text_link


def late_members(dispute: Dispute, path: str) -> LateMembers:
    """What came later, the oldest first, and what the buyer pays back."""
    repayment = repayment_of(dispute)
    return {
        "flags": {"late_arrival": bool(repayment.arrivals)},
        "after_close": [_entry(event, path) for event in dispute.after_close],
        "repayment": _repayment(repayment),
    }


def _entry(event: Noted | Late, path: str) -> AfterClose:  # noqa: C901 - one arm an event
    match event:
        case RefundNoted():
            return _later(event.noted_at, "refund", event.outcome, id=event.refund_id, reason=event.reason)
        case ReturnNoted():
            return _later(event.noted_at, "return", event.outcome, id=event.return_id, reason=event.reason)
        case ClawbackSettled():
            return _later(event.settled_at, "clawback", "settled", id=event.clawback_id)
        case ClawbackFailed():
            return _later(event.failed_at, "clawback", "failed", id=event.clawback_id)
        case ExternalChargebackOpened():
            return _later(event.noted_at, "chargeback", "opened", id=event.chargeback_id)
        case ExternalChargebackResolved():
            return _later(event.noted_at, "chargeback", event.result, id=event.chargeback_id)
        case LateArrivalReported():
            text = text_link(path, event.text_ref)
            return _later(event.reported_at, "late_arrival", "reported", by=event.by, text=text)
        case RepaymentAgreed():
            return _later(event.agreed_at, "repayment", "agreed", by=event.by)
        case RepaymentReceived():
            return _later(event.received_at, "repayment", "received", by="seller")
    assert_never(event)


def _later(at: Any, kind: Any, outcome: Any, **more: Any) -> AfterClose:
    nothing: dict[str, Any] = {"id": None, "reason": None, "by": None, "text": None}
    return {"at": at, "kind": kind, "outcome": outcome, **nothing, **more}  # type: ignore[typeddict-item]


def _repayment(repayment: Repayment) -> RepaymentView | None:
    if not (word := repayment.last):
        return None
    agreed = repayment.agreed
    return {
        "amount": word.amount,
        "way": word.way,
        "agreed_by": repayment.agreed_by,
        "agreed_at": agreed.agreed_at if agreed else None,
        "received_at": repayment.received.received_at if repayment.received else None,
    }
