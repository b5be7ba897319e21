"""Timers of an order: which deadlines its events start and end (P, R)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dispute.domain.deadlines import DeadlineKind
from shared.decider import Clear, Start
from shared.events import order as events
from shared.events.base import Event
from shared.events.outside.chargeback import ExternalChargebackOpened

KINDS = (DeadlineKind.PROTECTION_END, DeadlineKind.RELEASE)
"""Of an order's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """P starts with the fact that gives its end and moves with it; R follows P, and ends with a release of its own."""
    match event:
        case events.OrderRegistered() | events.OrderPaid() | events.OrderShipped() | events.OrderDelivered():
            return _start(event.protection_ends_at)
        case events.OrderFinished() | events.DeliveryCorrected():
            return _start(event.protection_ends_at)
        case events.ProtectionExpired():
            return (Clear(DeadlineKind.PROTECTION_END), Start(DeadlineKind.RELEASE, event.release_at))
        case events.PaymentReleased(dispute_id=None):
            return (Clear(DeadlineKind.RELEASE),)
        case events.OrderCompleted() | events.OrderCancelled() | ExternalChargebackOpened():
            return map(Clear, KINDS)
        case _:
            return ()


def _start(ends_at: datetime | None) -> Iterable[Start]:
    return (Start(DeadlineKind.PROTECTION_END, ends_at),) if ends_at else ()
