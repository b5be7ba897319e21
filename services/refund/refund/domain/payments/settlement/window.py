"""End of the bank's window: what the provider says then of each payment, and what nobody vouches for is overdue (D12,
T32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from refund.domain.commands import RefundCommand
from refund.domain.deadlines import DeadlineKind, way_of
from refund.domain.payments.allocation import methods_of
from refund.domain.payments.issuing import money_of
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.settlement.bank import WENT, returned, settled, settled_again
from refund.domain.payments.state import Payment, evolve
from shared.events.base import SYSTEM, Event, Instant
from shared.events.deadlines import DeadlineMoved
from shared.events.ids import derived_uuid
from shared.events.refund import (
    Destination,
    RefundReturnedByBank,
    RefundSettled,
    RefundSettlementOverdue,
    RefundWay,
)


class CloseWindow(RefundCommand):
    """The window that ended at `due_at` is over. By then the provider has said of these parts of the refund that they
    are `credited`, and why others were `sent_back`.
    """

    due_at: Instant
    credited: frozenset[str] = frozenset()
    sent_back: Mapping[str, str] = {}

    @classmethod
    def of(
        cls, order_id: str, refund_id: str, due_at: datetime, credited: frozenset[str], sent_back: Mapping[str, str],
        at: datetime,
    ) -> Self:  # fmt: skip
        command_id = derived_uuid(refund_id, due_at.isoformat(), "window")
        said = {"due_at": due_at, "credited": credited, "sent_back": sent_back}
        return cls(command_id=command_id, actor=SYSTEM, at=at, order_id=order_id, refund_id=refund_id, **said)


def close_window(command: CloseWindow, payment: Payment) -> Sequence[Event]:
    """Nothing, where the bank's word came before, or the deadline was moved."""
    refund = payment.refund(command.refund_id)
    if refund.settle_by != command.due_at or command.at < command.due_at:
        return []
    events: list[Event] = []
    for part in vouched_for(refund):
        now = payment.refund(command.refund_id)
        if reason := command.sent_back.get(part.id):
            event: RefundReturnedByBank | RefundSettled = returned(now, part, reason, command.at)
        elif part.id in command.credited and part.state is RefundState.ISSUED:
            event = settled(now, part, command.at)
        else:
            continue
        events.append(event)
        payment = evolve(payment, event)
    refund = payment.refund(command.refund_id)
    if refund.settle_by:
        events.append(_end_of(command, payment, refund))
    return events


def _end_of(command: CloseWindow, payment: Payment, refund: Refund) -> Event:
    """What is left: settled before, and the provider stays with it, else not over yet, or overdue."""
    if not awaited(refund):
        return settled_again(refund)
    return _put_back(refund) or _overdue(command, payment)


def opened_again(refund: Refund, at: datetime) -> DeadlineMoved:
    """The provider sends word of money whose window is over, credited or not: it may have come back (T32a)."""
    assert refund.issued
    return _moved(refund, refund.issued.expected_until, at)


def brought_forward(refund: Refund, at: datetime) -> DeadlineMoved:
    """The provider sends word of money that no bank has confirmed: what it says is asked now (T32, T32a)."""
    assert refund.settle_by
    return _moved(refund, refund.settle_by, at)


def _put_back(refund: Refund) -> DeadlineMoved | None:
    """A window that was looked into before its end is not over: nothing is overdue yet."""
    assert refund.settle_by and refund.issued
    until = refund.issued.expected_until
    return _moved(refund, refund.settle_by, until) if refund.settle_by < until else None


def _moved(refund: Refund, previous: datetime, due_at: datetime) -> DeadlineMoved:
    kind = DeadlineKind.SETTLEMENT.of(refund.request.refund_id)
    return DeadlineMoved(kind=kind, previous_due_at=previous, due_at=due_at, rules=("T32", "D12"))


def vouched_for(refund: Refund) -> Sequence[Part]:
    """The parts that went, of which the provider may say where they are; what people sent it does not know."""
    return [part for part in refund.parts.values() if part.state in WENT and not part.manual]


def awaited(refund: Refund) -> Sequence[Part]:
    """The parts whose credit no bank has confirmed."""
    return [part for part in refund.parts.values() if part.state is RefundState.ISSUED]


def _way_of(payment: Payment, refund: Refund, parts: Sequence[Part]) -> RefundWay | None:
    """How it went, where all of it went one way."""
    if refund.destination == Destination.BONUS:
        return RefundWay.BONUS
    ways = {way_of(method) for method in methods_of(payment, parts)}
    return ways.pop() if len(ways) == 1 else None


def _overdue(command: CloseWindow, payment: Payment) -> RefundSettlementOverdue:
    refund = payment.refund(command.refund_id)
    parts = awaited(refund)
    return RefundSettlementOverdue(
        **refund.event_fields | money_of(refund, parts),
        due_at=command.due_at,
        way=_way_of(payment, refund, parts),
        again=refund.overdue,
        rules=("S58", "S62", "S63", "T32", "D12"),
    )
