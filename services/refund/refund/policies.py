"""What the dispute service's events ask of this one.

A policy's command bears the instant of the event that it follows from, so that a repeat asks for the very same thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refund.domain.commands import RecordCapture, RequestRefund
from shared.decider import Send
from shared.events.base import SYSTEM, Event, Recorded, derived_uuid
from shared.events.dispute import RefundDue
from shared.events.order import OrderPaid

POLICY = "refund"


def react(recorded: Recorded[Event]) -> Iterable[Send]:
    """On OrderPaid → record the capture. On RefundDue → request the refund."""
    match recorded.event:
        case OrderPaid() as event:
            return [Send(_record_capture(recorded, event), recorded)]
        case RefundDue() as event:
            return [Send(_request_refund(recorded, event), recorded)]
        case _:
            return []


def _record_capture(recorded: Recorded[Event], event: OrderPaid) -> RecordCapture:
    return RecordCapture(
        **_envelope(recorded),
        order_id=event.order_id,
        payment_id=event.payment_id,
        buyer_id=event.buyer_id,
        seller_id=event.seller_id,
        method=event.method,
        amount=event.amount,
        lines=event.lines,
    )


def _request_refund(recorded: Recorded[Event], event: RefundDue) -> RequestRefund:
    return RequestRefund(
        **_envelope(recorded),
        order_id=event.order_id,
        refund_id=event.refund_id,
        payment_id=event.payment_id,
        dispute_id=event.dispute_id,
        lines=event.lines,
        amount=event.amount,
        source=event.source,
        bank_window_bd=event.bank_window_bd,
        timezone=event.timezone,
        seller_id=event.seller_id,
        rules=event.rules,
    )


def _envelope(recorded: Recorded[Event]) -> dict[str, Any]:
    return {"command_id": derived_uuid(recorded.id, POLICY, 0), "actor": SYSTEM, "at": recorded.metadata.at}
