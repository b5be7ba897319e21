"""Chargebacks of an order: what its buyer's bank takes back holds its payouts, and what it keeps is gone (T34, T35)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.commands import OrderCommand
from dispute.domain.deadlines import DeadlineKind
from dispute.domain.orders.cancellation import disputes_of
from dispute.domain.orders.release import completed_if_done, release
from dispute.domain.orders.state import Order, after, evolve
from dispute.domain.rejections import NotAskedFor
from shared.events.base import Event, Instant
from shared.events.money import Money
from shared.events.order import HeldPieces, Hold, HoldEnd, LineAmount, PaymentHeld, PaymentHoldLifted
from shared.events.outside.chargeback import ChargebackResult, ExternalChargebackOpened, ExternalChargebackResolved


class NoteChargeback(OrderCommand):
    """The refund service knows that a bank has opened one on a payment of the order."""

    chargeback_id: str
    payment_id: str
    amount: Money
    opened_at: Instant
    source_event: str


def note_chargeback(command: NoteChargeback, order: Order) -> list[Event]:
    """No seller is paid before the bank has decided; the order's disputes are told of it in turn."""
    _guard_registered(order)
    known = order.chargebacks
    if command.chargeback_id in known.open or command.chargeback_id in known.ended:
        return []
    opened = ExternalChargebackOpened(
        chargeback_id=command.chargeback_id,
        order_id=order.order_id,
        dispute_id=None,
        payment_id=command.payment_id,
        amount=command.amount,
        disputes=tuple(sorted(disputes_of(order))),
        returns=tuple(sorted(order.returns)),
        source_event=command.source_event,
        opened_at=command.opened_at,
        noted_at=command.at,
        rules=("S103", "T34"),
    )
    held = PaymentHeld(
        order_id=order.order_id,
        hold=Hold.CHARGEBACK,
        dispute_id=None,
        lines=tuple(
            HeldPieces(line_id=line.line_id, quantity=line.quantity, cap=line.cap) for line in order.lines.values()
        ),
        held_at=command.at,
    )
    return [opened] if known.open else [opened, held]


class NoteResult(OrderCommand):
    """The refund service knows how the bank has decided, and of which lines it has paid the buyer."""

    chargeback_id: str
    payment_id: str
    result: ChargebackResult
    amount: Money
    lines: tuple[LineAmount, ...]
    resolved_at: Instant
    source_event: str


def note_result(command: NoteResult, order: Order) -> list[Event]:
    """What the bank has paid is nobody else's any more; the rest goes on, later by the time that it stood still."""
    _guard_registered(order)
    if command.chargeback_id in order.chargebacks.ended:
        return []
    if command.chargeback_id not in order.chargebacks.open:
        raise NotAskedFor("The order has not heard of this chargeback, or a restore has lost that it did.")
    resolved = ExternalChargebackResolved(
        chargeback_id=command.chargeback_id,
        order_id=order.order_id,
        dispute_id=None,
        payment_id=command.payment_id,
        result=command.result,
        amount=command.amount,
        lines=command.lines,
        disputes=tuple(sorted(disputes_of(order))),
        returns=tuple(sorted(order.returns)),
        source_event=command.source_event,
        resolved_at=command.resolved_at,
        noted_at=command.at,
        rules=("S103", "T35"),
    )
    since = evolve(order, resolved)
    return [resolved] if since.chargebacks.open else [resolved, *_going_on(command, order, since)]


def _going_on(command: NoteResult, order: Order, since: Order) -> list[Event]:
    lifted = PaymentHoldLifted(
        order_id=order.order_id,
        hold=Hold.CHARGEBACK,
        dispute_id=None,
        lines=tuple(order.lines),
        because=HoldEnd.DECIDED,
    )
    standing: dict[str, datetime | None] = {
        DeadlineKind.PROTECTION_END: since.due(DeadlineKind.PROTECTION_END),
        DeadlineKind.RELEASE: since.release_at if since.expired and not since.nothing_due else None,
    }
    events: list[Event] = [lifted, *order.chargebacks.moved(standing, command.at)]
    then = after(since, events)
    return [*events, *(release(then) if _was_released(then) else completed_if_done(then))]


def _was_released(order: Order) -> bool:
    """The sellers were paid once: what is free again goes to them at once."""
    return order.expired and order.release_at is None and not order.cancelled_at


def _guard_registered(order: Order) -> None:
    if not order.registered:
        raise NotAskedFor("No such order is known, or a restore has lost it.")
