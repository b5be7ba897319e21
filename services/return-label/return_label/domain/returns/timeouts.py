"""Timeouts of a return: what happens where nobody acts; it never helps who is silent (T24, T28, T44, I8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from return_label.domain.deadlines import DeadlineKind, transit_alarm_due
from return_label.domain.returns.inspection import failed_piece, rest_passes, shown_before
from return_label.domain.returns.response import denied
from return_label.domain.returns.state import Return
from return_label.domain.returns.timers import due
from shared.decider import ExpireDeadline
from shared.events.base import Event
from shared.events.return_label import (
    Denial,
    InspectionTimedOut,
    ReturnDenialFinal,
    ReturnInspected,
    ReturnLapsed,
    ReturnTransitOverdue,
)


def expire(command: ExpireDeadline, return_: Return) -> Sequence[Event]:
    """Acts only on a deadline that still stands at the very instant named; a cleared or moved one loses."""
    if not command.is_due(due(return_, command.kind)):
        return []
    return [OVER[command.kind](command, return_)]


def not_answered(command: ExpireDeadline, return_: Return) -> Event:
    """D1: the seller says nothing of what it offered, which is a denial (T27x); its buyer's days count from then."""
    return denied(return_, Denial.UNANSWERED, command.at)


def not_disputed(command: ExpireDeadline, return_: Return) -> Event:
    """The buyer leaves it at the denial (T27x)."""
    return ReturnDenialFinal(**return_.event_fields, due_at=command.due_at, rules=("T27x", "D2"))


def not_sent(command: ExpireDeadline, return_: Return) -> Event:
    """D9: the buyer has sent nothing, so nothing goes back (T24)."""
    return ReturnLapsed(**return_.event_fields, due_at=command.due_at, rules=("T24", "D9", "K17"))


def not_arrived(command: ExpireDeadline, return_: Return) -> Event:
    """D10: an alarm, and nothing is decided by it (T44)."""
    again = transit_alarm_due(return_.terms, command.at)
    rules = ("T44", "D10")
    return ReturnTransitOverdue(**return_.event_fields, due_at=command.due_at, transit_alarm_at=again, rules=rules)


def not_inspected(command: ExpireDeadline, return_: Return) -> Event:
    """D11: who has the goods says nothing of them, so the refund goes ahead (T28); nothing of the rest, but that a
    piece has failed, so people look at it (T27).
    """
    if failed := failed_piece(return_):
        return ReturnInspected(
            **return_.event_fields,
            result=failed.result,
            fault=failed.fault,
            note_ref=None,
            pieces=rest_passes(return_),
            evidence=shown_before(return_),
            rules=("S82", "T27", "D11"),
        )
    return InspectionTimedOut(**return_.event_fields, due_at=command.due_at, rules=("T28", "D11", "S82"))


OVER: Mapping[str, Callable[[ExpireDeadline, Return], Event]] = {
    DeadlineKind.RESPONSE: not_answered,
    DeadlineKind.DISPUTE: not_disputed,
    DeadlineKind.SHIPMENT: not_sent,
    DeadlineKind.TRANSIT: not_arrived,
    DeadlineKind.INSPECTION: not_inspected,
}
"""By deadline: what is recorded once it is over."""
