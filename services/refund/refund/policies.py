"""Policies: what the dispute service's events ask of this one, and whom this one's are told.

A policy's command bears the instant of the event that it follows from, so that a repeat asks for the very same thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refund.domain.notifications.state import NOTICES
from refund.domain.payments.destination.choice import GOOD
from refund.domain.payments.destination.standing import NoteStanding
from refund.domain.payments.re_request import RefuseReRequest
from refund.domain.payments.request import RecordCapture, RequestRefund
from shared.decider import Send
from shared.events.base import Event
from shared.events.dispute import RefundDue
from shared.events.envelope import Recorded
from shared.events.order import (
    AccountStatusChanged,
    OrderCaptured,
    OrderPaid,
    OrderRegistered,
    PaymentPart,
    RefundNotDue,
)
from shared.notifications.table import notifications

CAPTURE_AND_REFUND = "capture_and_refund"
"""The policy's name: its subscription's in storage, and part of the ids of its commands."""


def react(recorded: Recorded[Event]) -> Iterable[Send]:
    """On OrderPaid → record each capture. On OrderCaptured → record one more. On RefundDue → request the refund. On
    RefundNotDue → refuse it, which support asked for again. On an account that is not good, or changes → note that.
    """
    match recorded.event:
        case OrderPaid() as event:
            return [_record_capture(recorded, event, n, payment) for n, payment in enumerate(event.payments)]
        case OrderCaptured() as event:
            return [_record_capture(recorded, event, 0, event, event.capture_id)]
        case RefundDue() as event:
            return [_request_refund(recorded, event)]
        case RefundNotDue() as event:
            return [_refuse_re_request(recorded, event)]
        case OrderRegistered(buyer_account_status=status) as event if status != GOOD:
            return [_note_standing(recorded, event.order_id, status=status)]
        case AccountStatusChanged() as event:
            return [_note_standing(recorded, event.order_id, status=event.status, since=event.since)]
        case _:
            return []


def notify(recorded: Recorded[Event]) -> Iterable[Send]:
    """On an event of a refund → ask that the buyer be told of it (S54, S61)."""
    return notifications(recorded, NOTICES, "refund_id")


def _record_capture(
    recorded: Recorded[Event],
    event: OrderPaid | OrderCaptured,
    n: int,
    payment: PaymentPart | OrderCaptured,
    capture_id: str | None = None,
) -> Send:
    return Send.on(
        recorded,
        CAPTURE_AND_REFUND,
        n,
        RecordCapture,
        order_id=event.order_id,
        payment_id=payment.payment_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        method=payment.method,
        amount=payment.amount,
        lines=payment.lines,
        capture_id=capture_id,
    )


def _request_refund(recorded: Recorded[Event], event: RefundDue) -> Send:
    return Send.on(
        recorded,
        CAPTURE_AND_REFUND,
        0,
        RequestRefund,
        order_id=event.order_id,
        refund_id=event.refund_id,
        payment_id=event.payment_id,
        dispute_id=event.dispute_id,
        lines=event.lines,
        amount=event.amount,
        source=event.source,
        bank_window_bd=event.bank_window_bd,
        window_by_method=event.window_by_method,
        timezone=event.timezone,
        seller_id=event.seller_id,
        return_id=event.return_id,
        replaces=event.replaces,
        goodwill_id=event.goodwill_id,
        holidays=event.holidays,
        refund_after_return_bd=event.refund_after_return_bd,
        received_at=event.received_at,
        rules=event.rules,
    )


def _note_standing(recorded: Recorded[Event], order_id: str, **said: Any) -> Send:
    return Send.on(recorded, CAPTURE_AND_REFUND, 0, NoteStanding, order_id=order_id, **said)


def _refuse_re_request(recorded: Recorded[Event], event: RefundNotDue) -> Send:
    ids = {"order_id": event.order_id, "refund_id": event.refund_id, "replaces": event.replaces}
    return Send.on(recorded, CAPTURE_AND_REFUND, 0, RefuseReRequest, **ids, rules=event.rules)
