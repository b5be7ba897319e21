"""Cancelled order: what becomes of its disputes, whose money goes back with the order's (T45, S66, S88)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dispute.domain.commands import OrderCommand
from dispute.domain.disputes.difference import asked_for, paid_out
from dispute.domain.disputes.ending import ended_if_over
from dispute.domain.disputes.settlement import goods_kept, not_asked_back, nothing_sent, with_sellers_part
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.cancellation import cancelled, guard_all_disputes, guard_cancellable, refund_due
from dispute.domain.orders.facts import Fact, guard_fact, is_first
from dispute.domain.orders.instants import SCAN_TOLERANCE
from dispute.domain.orders.state import Order, after
from shared.decider import Decided
from shared.events.base import Event, StreamName
from shared.events.dispute import CancellationNoted, RefundDue
from shared.events.money import Money, total
from shared.events.order import LineAmount, OrderCancelled


class CancelOrder(OrderCommand):
    """The shop says that the order is cancelled; `disputes` are all that there were."""

    fact: Fact
    ahead: timedelta = SCAN_TOLERANCE
    disputes: tuple[str, ...] = ()

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *(StreamName(f"dispute-{dispute_id}") for dispute_id in self.disputes))


def cancel_order(command: CancelOrder, order: Order, *disputes: Dispute) -> Decided:
    """Each open dispute asks for what is left of its pieces' money and closes once all is paid, one that has ended asks
    nothing back any more; the order asks for the rest.
    """
    guard_fact(command.fact, command.ahead, order, command.at)
    if not is_first(order, order.cancelled_at, command.fact.at):
        return []
    guard_cancellable(order, command.fact.at)
    guard_all_disputes(order, command.disputes)
    event = OrderCancelled(order_id=command.order_id, by=command.fact.by or "seller", cancelled_at=command.fact.at)
    ends = [
        _noted(command, order, dispute) if dispute.closed is None else _left_over(command, dispute)
        for dispute in disputes
    ]
    asked: dict[str, Money] = {}
    for part in (part for end, dispute in zip(ends, disputes, strict=True) for part in _under_way(end, dispute)):
        asked[part.line_id] = asked.get(part.line_id, Money.zero(part.amount)) + part.amount
    of_order, of_disputes = cancelled(order, command, event, command.disputes, asked), []
    for end, dispute in zip(ends, disputes, strict=True):
        events, of_order = ended_if_over(command, end, dispute, after(order, of_order), of_order)
        of_disputes.append(events)
    return of_order, *of_disputes


def _noted(command: CancelOrder, order: Order, dispute: Dispute) -> Sequence[Event]:
    """Whatever was agreed or decided, all that is left of the dispute's pieces goes back, beside what is paid or under
    way, and what is asked back is not (T45).
    """
    opened, asked = dispute.opened, asked_for(dispute)
    left = [(line.line_id, _left(order, dispute, line.line_id)) for line in opened.lines]
    lines = [
        LineAmount(line_id=name, amount=Money(asked.get(name, 0), amount.currency, amount.exponent) + amount)
        for name, amount in left
    ]
    noted = CancellationNoted(
        dispute_id=opened.dispute_id,
        order_id=opened.order_id,
        lines=tuple(lines),
        amount=total([line.amount for line in lines]),
        cancelled_at=command.fact.at,
        rules=("T45", "S66", "S88"),
    )
    parts = [LineAmount(line_id=name, amount=amount) for name, amount in left if amount]
    due = [refund_due(order, command, parts, opened.seller_id, opened.dispute_id)] if parts else []
    nothing = [*nothing_sent(dispute, ("T45",)), *goods_kept(dispute, ("T45",))]
    return with_sellers_part(command, dispute, [*nothing, noted, *not_asked_back(dispute, ("T45",)), *due])


def _left_over(command: CancelOrder, dispute: Dispute) -> Sequence[Event]:
    """Of a dispute that has ended what is asked back is left to the buyer (T45)."""
    return with_sellers_part(command, dispute, not_asked_back(dispute, ("T45",)))


def _left(order: Order, dispute: Dispute, line_id: str) -> Money:
    """What is neither paid nor under way of the dispute's pieces of a line."""
    left = order.lines[line_id].left_of(dispute.opened.dispute_id)
    paying = total([Money.zero(left), *(part.amount for part in _unpaid(dispute) if part.line_id == line_id)])
    return max(Money.zero(left), left - paying)


def _unpaid(dispute: Dispute) -> Sequence[LineAmount]:
    """What was asked for, and is neither paid nor refused nor given up."""
    asked = [asked.due for asked in dispute.refunds.values() if not (asked.is_paid or asked.brings_nothing)]
    return [part for due in asked for part in due.lines]


def _under_way(events: Sequence[Event], dispute: Dispute) -> Sequence[LineAmount]:
    """What the dispute has asked for and still waits for, with what it asks for now, of money that is not paid out."""
    asked = (part for event in events if isinstance(event, RefundDue) for part in event.lines)
    return [part for part in (*_unpaid(dispute), *asked) if part.line_id not in paid_out(dispute)]
