"""View of a dry run: the money that a refund's events move, and whose refund it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refund.domain.payments.state import Payment
from shared.events.base import Event
from shared.events.refund import RefundIssued, RefundPartIssued
from shared.notifications.requests import BUYER
from shared.parties import Parties


def money(event: Event, _: Payment) -> Iterable[Any]:
    """What was paid by hand: for anything else a command can only ask, and the provider's answer is not foretold."""
    if isinstance(event, RefundPartIssued) or (isinstance(event, RefundIssued) and not event.parts):
        lines = [{"line_id": line.line_id, "amount": line.amount} for line in event.lines]
        yield {"kind": "refund", "amount": event.amount, "lines": lines, "party": BUYER}


def parties(payment: Payment, event: Any) -> Parties:
    """Those of the refund that the event is about: each of an order's has its own seller."""
    return payment.parties_of(payment.refund(event.refund_id))
