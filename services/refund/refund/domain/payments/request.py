"""Requesting a refund: what was captured, and what may be paid back out of it (G9, T29, T30, T30a)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from refund.domain.commands import PaymentCommand, RefundCommand
from refund.domain.payments.allocation import allocated
from refund.domain.payments.destination.choice import destination_of
from refund.domain.payments.state import Payment
from refund.domain.rejections import PaymentNotCaptured
from shared.events.base import Event, Instant
from shared.events.dispute import RefundSource
from shared.events.money import Money
from shared.events.open_enums import known
from shared.events.order import LineAmount, MethodWindow
from shared.events.refund import (
    Destination,
    PaymentCaptured,
    RefundApproved,
    RefundPart,
    RefundRefused,
    RefundRequested,
)


class RecordCapture(PaymentCommand):
    """The order was paid, or more of it was taken later; `lines` hold what each line may be refunded of it (G9)."""

    payment_id: str
    buyer_id: str
    seller_id: str
    method: str
    amount: Money
    lines: tuple[LineAmount, ...]
    capture_id: str | None = None


def record_capture(command: RecordCapture, payment: Payment) -> Sequence[Event]:
    """Once each, and no order's payment twice under its own id."""
    if (command.payment_id, command.capture_id) in payment.captured:
        return []
    return [
        PaymentCaptured(
            order_id=command.order_id,
            payment_id=command.payment_id,
            buyer_id=command.buyer_id,
            seller_id=command.seller_id,
            method=command.method,
            amount=command.amount,
            lines=command.lines,
            capture_id=command.capture_id,
        )
    ]


class RequestRefund(RefundCommand):
    """Somebody's `RefundDue`; `rules` are those that make it due, `seller_id` is whose lines they are (None: the
    payment's seller). `payment_id` is one of the order's payments; whichever paid the lines give the money.
    """

    payment_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    source: RefundSource
    bank_window_bd: tuple[int, int]
    timezone: str
    rules: tuple[str, ...]
    seller_id: str | None = None
    return_id: str | None = None
    replaces: str | None = None
    goodwill_id: str | None = None
    holidays: str | None = None
    refund_after_return_bd: int | None = None
    received_at: Instant | None = None
    window_by_method: tuple[MethodWindow, ...] = ()


def request_refund(command: RequestRefund, payment: Payment) -> Sequence[Event]:
    """A refusal is an event, not a rejection: who asked waits for the answer.

    A capture that is not known yet is no ground for a refusal, which is final: it may only be late.
    """
    if command.refund_id in payment.refunds:
        return []
    if not payment.captures:
        raise PaymentNotCaptured("No capture of the order's payment is recorded yet.")
    if refusal := _refusal(command, payment):
        reason, rules = refusal
        return [
            RefundRefused(
                **_event_fields(command),
                lines=command.lines,
                amount=command.amount,
                reason=reason,
                requested_at=command.at,
                seller_id=command.seller_id,
                return_id=command.return_id,
                replaces=command.replaces,
                goodwill_id=command.goodwill_id,
                rules=rules,
            )
        ]
    return _requested(command, allocated(payment, command.refund_id, command.lines), destination_of(payment))


def _requested(command: RequestRefund, parts: Sequence[RefundPart], destination: Destination) -> Sequence[Event]:
    several = tuple(parts) if len(parts) > 1 else ()
    return [
        RefundRequested(
            **_event_fields(command),
            payment_id=parts[0].payment_id,
            lines=command.lines,
            amount=command.amount,
            source=command.source,
            bank_window_bd=command.bank_window_bd,
            window_by_method=command.window_by_method,
            timezone=command.timezone,
            requested_at=command.at,
            seller_id=command.seller_id,
            return_id=command.return_id,
            replaces=command.replaces,
            goodwill_id=command.goodwill_id,
            holidays=command.holidays,
            refund_after_return_bd=command.refund_after_return_bd,
            received_at=command.received_at,
            parts=several,
            rules=command.rules,
        ),
        RefundApproved(
            **_event_fields(command),
            amount=command.amount,
            destination=destination,
            pay_at=command.at,
            part_ids=tuple(part.part_id for part in several),
            rules=("G9", "S57", "S60", "T30"),
        ),
    ]


def _refers(command: RequestRefund) -> bool:
    """S15: to the dispute that was settled, the return that came, the seller's goodwill, or its cancelled order, which
    it names anyway.
    """
    match known(command.source):
        case RefundSource.AGREEMENT | RefundSource.MEDIATION:
            return bool(command.dispute_id)
        case RefundSource.RETURN:
            return bool(command.return_id)
        case RefundSource.CANCELLATION:
            return True
        case RefundSource.GOODWILL:
            return bool(command.goodwill_id)


def _refusal(command: RequestRefund, payment: Payment) -> tuple[str, tuple[str, ...]] | None:
    """Why the refund may not be paid, with the rules that say so; None if it may."""
    if command.payment_id not in payment.captures:
        return "unknown_payment", ("T30a",)
    if not _refers(command):
        return "dispute_required", ("S15",)
    if not _adds_up(command):
        return "amount_invalid", ("G9",)
    if not allocated(payment, command.refund_id, command.lines):
        return "amount_exceeds_cap", ("G9", "T30a")
    return None


def _adds_up(command: RequestRefund) -> bool:
    parts = [line.amount for line in command.lines]
    one_currency = all(part.same_currency(command.amount) for part in parts)
    return (
        one_currency
        and all(part.minor >= 0 for part in parts)
        and sum(part.minor for part in parts) == command.amount.minor > 0
    )


def _event_fields(command: RequestRefund) -> dict[str, Any]:
    return {"refund_id": command.refund_id, "order_id": command.order_id, "dispute_id": command.dispute_id}
