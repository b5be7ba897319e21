"""Cancelled order: what becomes of its open disputes, whose money goes back with the order's (T45, S66, S88)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dispute.domain.commands import OrderCommand
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.cancellation import cancelled, guard_all_disputes, guard_cancellable, refund_due
from dispute.domain.orders.facts import Fact, guard_fact, is_first
from dispute.domain.orders.instants import SCAN_TOLERANCE
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event, StreamName
from shared.events.dispute import RefundDue
from shared.events.money import Money
from shared.events.order import LineAmount, OrderCancelled


class CancelOrder(OrderCommand):
    """The shop says that the order is cancelled; `disputes` are those that are open."""

    fact: Fact
    ahead: timedelta = SCAN_TOLERANCE
    disputes: tuple[str, ...] = ()

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *(StreamName(f"dispute-{dispute_id}") for dispute_id in self.disputes))


def cancel_order(command: CancelOrder, order: Order, *disputes: Dispute) -> Decided:
    """Each open dispute asks for its pieces' money and closes once it is paid; the order asks for the rest."""
    guard_fact(command.fact, command.ahead, order, command.at)
    if not is_first(order, order.cancelled_at, command.fact.at):
        return []
    guard_cancellable(order, command.fact.at)
    guard_all_disputes(order, command.disputes)
    event = OrderCancelled(order_id=command.order_id, by=command.fact.by or "seller", cancelled_at=command.fact.at)
    due = [_due(command, order, dispute) for dispute in disputes]
    asked: dict[str, Money] = {}
    for part in (part for refunds in due for refund in refunds for part in refund.lines):
        asked[part.line_id] = asked.get(part.line_id, Money.zero(part.amount)) + part.amount
    new: list[list[Event]] = [
        [refund for refund in refunds if refund.refund_id not in dispute.refunds]
        for refunds, dispute in zip(due, disputes, strict=True)
    ]
    return (cancelled(order, command, event, command.disputes, asked), *new)


def _due(command: CancelOrder, order: Order, dispute: Dispute) -> Sequence[RefundDue]:
    """The money of the dispute's pieces that is not paid yet: what was agreed or decided and is under way stays so,
    else all of it.
    """
    standing = [asked for asked in dispute.refunds.values() if not asked.is_refused]
    if standing:
        return [asked.due for asked in standing if not asked.is_paid]
    opened = dispute.opened
    left = [(line.line_id, order.lines[line.line_id].left_of(opened.dispute_id)) for line in opened.lines]
    parts = [LineAmount(line_id=name, amount=amount) for name, amount in left if amount]
    return [refund_due(order, command, parts, opened.seller_id, opened.dispute_id)]
