"""Events of how what was asked back ends (K19). These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.money import Money
from shared.events.order import LineAmount


class ClawbackEnd(StrEnum):
    """How a clawback ends."""

    SETTLED = "settled"
    FAILED = "failed"


class ClawbackSettled(Event):
    """What was asked back of `party` has come, all of it."""

    clawback_id: str
    dispute_id: str | None
    order_id: str
    payment_id: str
    party: str
    lines: tuple[LineAmount, ...]
    amount: Money
    settled_at: Instant
    reason_code: str | None
    rules: tuple[str, ...]


class ClawbackFailed(Event):
    """What was asked back of `party` does not come: the platform has lost it, and support has it in its list. What a
    seller was to give of its own accord is lost by nobody (S20): the buyer does not get it, and is `told`.
    """

    clawback_id: str
    dispute_id: str | None
    order_id: str
    payment_id: str
    party: str
    lines: tuple[LineAmount, ...]
    amount: Money
    failed_at: Instant
    reason_code: str | None
    told: tuple[str, ...] = ()
    rules: tuple[str, ...]


ClawbackEvent = ClawbackSettled | ClawbackFailed
