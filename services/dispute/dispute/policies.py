"""Policies: outcomes of refunds and steps of returns become notes on the dispute and its order.

A policy's command bears the instant of the event that it follows from, so that a repeat asks for the very same thing.
"""

from __future__ import annotations

from collections.abc import Iterable

from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from shared.decider import Send
from shared.events import refund as refunds
from shared.events import return_label as returns
from shared.events.base import Event
from shared.events.dispute import RefundOutcome, ReturnOutcome
from shared.events.envelope import Recorded
from shared.events.return_label import InspectionResult
from shared.events.unknown import known

NOTE_REFUNDS, NOTE_RETURNS = "note_refunds", "note_returns"
"""The policies' names: their subscriptions' in storage, and part of the ids of their commands."""

_Paid = refunds.RefundIssued | refunds.RefundRefused | refunds.RefundFailed | refunds.RefundSentToManual
_Returned = (
    returns.ReturnAuthorized
    | returns.ReturnDenied
    | returns.ReturnShipped
    | returns.ReturnReceived
    | returns.ReturnInspected
)
_REFUND_OUTCOMES: dict[type[Event], RefundOutcome] = {
    refunds.RefundIssued: RefundOutcome.ISSUED,
    refunds.RefundRefused: RefundOutcome.REFUSED,
    refunds.RefundFailed: RefundOutcome.FAILED,
    refunds.RefundSentToManual: RefundOutcome.SENT_TO_MANUAL,
}
_RETURN_OUTCOMES: dict[type[Event], ReturnOutcome] = {
    returns.ReturnAuthorized: ReturnOutcome.AUTHORIZED,
    returns.ReturnDenied: ReturnOutcome.DENIED,
    returns.ReturnShipped: ReturnOutcome.SHIPPED,
    returns.ReturnReceived: ReturnOutcome.RECEIVED,
}


def react(recorded: Recorded[Event]) -> Iterable[Send]:
    """On a refund's or a return's step → note it on the dispute that it names and on that dispute's order."""
    match recorded.event:
        case (
            refunds.RefundIssued()
            | refunds.RefundRefused()
            | refunds.RefundFailed()
            | refunds.RefundSentToManual() as event
        ):
            return [_note_refund(recorded, event, event.dispute_id)] if event.dispute_id else []
        case (
            returns.ReturnAuthorized()
            | returns.ReturnDenied()
            | returns.ReturnShipped()
            | returns.ReturnReceived()
            | returns.ReturnInspected() as event
        ):
            return [_note_return(recorded, event, event.dispute_id)] if event.dispute_id else []
        case _:
            return []


def _note_refund(recorded: Recorded[Event], event: _Paid, dispute_id: str) -> Send:
    return Send.on(
        recorded,
        NOTE_REFUNDS,
        0,
        NoteRefund,
        dispute_id=dispute_id,
        order_id=event.order_id,
        refund_id=event.refund_id,
        outcome=_REFUND_OUTCOMES[type(event)],
        amount=event.amount,
        lines=event.lines,
        reason=getattr(event, "reason", None),
        source_event=recorded.id,
    )


def _note_return(recorded: Recorded[Event], event: _Returned, dispute_id: str) -> Send:
    return Send.on(
        recorded,
        NOTE_RETURNS,
        0,
        NoteReturn,
        dispute_id=dispute_id,
        order_id=event.order_id,
        return_id=event.return_id,
        outcome=_return_outcome(event),
        reason=_return_reason(event),
        source_event=recorded.id,
    )


def _return_outcome(event: _Returned) -> ReturnOutcome:
    if isinstance(event, returns.ReturnInspected):
        return ReturnOutcome.PASSED if known(event.result) == InspectionResult.PASSED else ReturnOutcome.FAILED
    return _RETURN_OUTCOMES[type(event)]


def _return_reason(event: _Returned) -> str | None:
    match event:
        case returns.ReturnInspected(fault=fault):
            return fault.value if fault else None
        case returns.ReturnDenied(reason=reason):
            return reason
        case _:
            return None
