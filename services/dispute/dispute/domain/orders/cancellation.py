"""Cancellation of an order before it is shipped: all that was paid goes back by itself (S66, S88)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from dispute.domain.commands import OrderCommand
from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.bank import OF_THE_BANK, guard_paid, word_on_paid
from dispute.domain.orders.refund import ENDED, FOUND, due_for, is_in_doubt, under_way
from dispute.domain.orders.release import release_late
from dispute.domain.orders.returns.steps import ended
from dispute.domain.orders.state import Order, evolve
from dispute.domain.rejections import AlreadyShipped, DisputesChanged, NotAskedFor, OrderAlreadyCompleted
from shared.events.base import Command, Event, Instant
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, RefundSource
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.order import HoldEnd, LineAmount, OrderCancelled

Amounts = Mapping[str, Money]
"""Money by line."""


def guard_cancellable(order: Order, at: datetime) -> None:
    """S88: until the seller ships; then a dispute is the way, and once the seller is paid nothing is left.

    Of an order that is not known yet nobody can say what is a fact of it: that is judged when it is registered.
    """
    if order.registered and order.shipments.was_sent_by(at, order.finished_at):
        dispute = {"rel": "open-dispute", "method": "POST", "href": "/v1/disputes"}
        raise AlreadyShipped("The seller has shipped it: open a dispute instead.", actions=[dispute])
    if order.completed:
        raise OrderAlreadyCompleted("The seller is paid.")


def disputes_of(order: Order) -> frozenset[str]:
    """All that there ever were: also one that has ended may ask something back (T45)."""
    return frozenset(dispute_id for line in order.lines.values() for dispute_id in line.disputes)


def open_disputes_of(order: Order) -> frozenset[str]:
    """Those that go on about any of its pieces."""
    return frozenset(name for line in order.lines.values() for name in line.open_claims if name in line.disputes)


def guard_all_disputes(order: Order, disputes: Collection[str]) -> None:
    """Every dispute is decided on with the order, and no other."""
    if disputes_of(order) != set(disputes):
        raise DisputesChanged("Its disputes have changed meanwhile.")


def cancelled(
    order: Order, command: Command, event: OrderCancelled, disputes: Collection[str] = (), asked: Amounts | None = None
) -> list[Event]:
    """The end of the order, and the money that its open disputes have not asked for (T45)."""
    guard_cancellable(order, event.cancelled_at)
    guard_all_disputes(order, disputes)
    return [event, *money_back(evolve(order, event), command, asked or {})]


def money_back(order: Order, command: Command, asked: Amounts) -> list[Event]:
    """Of an order that is cancelled: a refund for each seller's lines; none where nothing was paid to us."""
    return [refund_due(order, command, parts, seller) for seller, parts in _by_seller(order, asked).items()]


def refund_due(
    order: Order, command: Command, parts: Sequence[LineAmount], seller_id: str, dispute_id: str | None = None
) -> RefundDue:
    """Asks for the money of a cancellation, of these lines of one seller."""
    assert order.terms
    return due_for(
        order.terms,
        parts,
        RefundSource.CANCELLATION,
        ("S66", "S88", "S57"),
        refund_id=derived_id("rfd", order.order_id, command.command_id, seller_id, dispute_id or ""),
        order_id=order.order_id,
        payment_id=order.taken.payment_id(order.payment),
        dispute_id=dispute_id,
        buyer_id=order.buyer_id,
        seller_id=seller_id,
    )


def _by_seller(order: Order, asked: Amounts) -> Mapping[str, list[LineAmount]]:
    parts: dict[str, list[LineAmount]] = defaultdict(list)
    for line in order.lines.values() if order.in_escrow else ():
        if left := _left(order, line, asked):
            parts[line.seller_id].append(LineAmount(line_id=line.line_id, amount=left))
    return parts


def _left(order: Order, line: Line, asked: Amounts) -> Money:
    """What nobody has asked for yet, neither its disputes nor a return that has come."""
    waiting = under_way(order.refunds, line)
    return line.remainder - asked.get(line.line_id, Money.zero(line.cap)) - waiting


class NoteOrderRefund(OrderCommand):
    """The refund service's answer on a refund that the order itself asked for."""

    refund_id: str
    outcome: RefundOutcome
    amount: Money
    lines: tuple[LineAmount, ...]
    reason: str | None
    source_event: str
    expected_from: Instant | None = None
    expected_until: Instant | None = None
    in_doubt: tuple[LineAmount, ...] = ()


def note_order_refund(command: NoteOrderRefund, order: Order) -> list[Event]:
    """The refund's outcome, once each; with the last money the order is over (S66). Goodwill that is given up is the
    seller's again (S20). What a bank makes of what was paid is noted beside (T32a).
    """
    if not (asked := order.refunds.get(command.refund_id)):
        raise NotAskedFor("The order has not asked for it, or a restore has lost that it did.")
    if command.outcome in FOUND:
        if not is_in_doubt(order.lines, command.refund_id, asked.due.return_id, command.lines):
            return []
    elif asked.outcome == RefundOutcome.ISSUED:
        word = word_on_paid(command.outcome, asked.said)
        return [_noted(command, word, OF_THE_BANK[word])] if word else []
    guard_paid(command.outcome)
    return_id = asked.due.return_id
    returned = ended(order, return_id, HoldEnd.RETURNED) if return_id and command.outcome in ENDED else []
    return release_late(order, [_noted(command, command.outcome, _rules(asked.due)), *returned], command.at)


def _noted(command: NoteOrderRefund, outcome: RefundOutcome, rules: tuple[str, ...]) -> RefundNoted:
    return RefundNoted(
        refund_id=command.refund_id,
        order_id=command.order_id,
        dispute_id=None,
        outcome=outcome,
        amount=command.amount,
        lines=command.lines,
        reason=command.reason,
        expected_from=command.expected_from,
        expected_until=command.expected_until,
        in_doubt=command.in_doubt,
        source_event=command.source_event,
        noted_at=command.at,
        rules=rules,
    )


def _rules(due: RefundDue) -> tuple[str, ...]:
    ground = "S20" if due.goodwill_id else "S82" if due.return_id else "S66"
    return ground, "S57"
