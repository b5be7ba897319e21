"""What the other services answered, noted on the dispute and its order (T23–T33, I4)."""

from __future__ import annotations

from dispute.domain import order as order_stream
from dispute.domain.agreement import refund_due
from dispute.domain.commands import NoteRefund, NoteReturn
from dispute.domain.dispute import Dispute, DisputeState
from dispute.domain.order import Order
from dispute.domain.release import end_hold
from dispute.domain.timers import escalated
from shared.events.base import Event
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    EscalationReason,
    RefundNoted,
    RefundOutcome,
    ReturnNoted,
    ReturnOutcome,
)
from shared.events.order import HoldEnd

_RULES = {
    RefundOutcome.ISSUED: ("S57", "S58"),
    RefundOutcome.FAILED: ("S63",),
    RefundOutcome.SENT_TO_MANUAL: ("S63", "T31a"),
    RefundOutcome.REFUSED: ("S45", "T30a"),
}


def note_refund(command: NoteRefund, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """The money's fate; once it is paid the dispute closes and the hold ends (T33, T39). What was paid is noted
    once.
    """
    if _noted(dispute, command) and command.outcome == RefundOutcome.ISSUED:
        return [], []
    noted = RefundNoted(
        refund_id=command.refund_id,
        order_id=command.order_id,
        dispute_id=command.dispute_id,
        outcome=command.outcome,
        amount=command.amount,
        lines=command.lines,
        reason=command.reason,
        source_event=command.source_event,
        rules=_RULES[command.outcome],
    )
    if command.outcome != RefundOutcome.ISSUED or dispute.state != DisputeState.AGREED:
        return [noted], [noted]
    closed = DisputeClosed(
        dispute_id=command.dispute_id,
        reason=CloseReason.REFUNDED,
        amount=command.amount,
        closed_at=command.at,
        rules=("T33", "S52"),
    )
    refunded = order_stream.evolve(order, noted)
    return [noted, closed], [noted, *end_hold(refunded, dispute.facts, HoldEnd.AGREED, command.at)]


def note_return(command: NoteReturn, dispute: Dispute, _: Order) -> tuple[list[Event], list[Event]]:
    """A step of the return: goods that passed bring the money, anything wrong goes to the case team (T26, T27,
    T22a).
    """
    noted = ReturnNoted(
        return_id=command.return_id,
        dispute_id=command.dispute_id,
        outcome=command.outcome,
        reason=command.reason,
        source_event=command.source_event,
        rules=("S81",) if command.outcome not in _ENDS else ("S82",),
    )
    return [noted, *_follows(command, dispute)], []


def _noted(dispute: Dispute, command: NoteRefund) -> bool:
    """Whether this refund is known as paid: its note may come again under another event's id, after a restore of the
    other log.
    """
    return bool(
        dispute.refund
        and dispute.refund.refund_id == command.refund_id
        and dispute.refund_outcome == RefundOutcome.ISSUED
    )


_ENDS = frozenset({ReturnOutcome.PASSED, ReturnOutcome.FAILED})


def _follows(command: NoteReturn, dispute: Dispute) -> list[Event]:
    if dispute.state != DisputeState.AGREED or not dispute.reached:
        return []
    match command.outcome:
        case ReturnOutcome.PASSED if not dispute.refund:
            return [refund_due(dispute, dispute.reached, command.command_id)]
        case ReturnOutcome.FAILED:
            return [escalated(dispute, EscalationReason.RETURN_CONDITION, command.at)]
        case ReturnOutcome.DENIED:
            return [escalated(dispute, EscalationReason.RETURN_IMPOSSIBLE, command.at)]
        case _:
            return []
