"""Deadlines of refunds: when one is paid, and when the bank credits it.

Each is of one part of a refund, whose id is in its name in storage; a refund that one payment gives is one part.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shared.events.calendar import within_business_days
from shared.events.refund import RefundRequested


class DeadlineKind(StrEnum):
    """What falls due for a part of a refund."""

    PAY = "pay"

    def of(self, part_id: str) -> str:
        """This kind of deadline for one part: `pay:<part_id>`."""
        return f"{self}:{part_id}"


def part_of(deadline: str) -> str:
    """The part that a deadline is of."""
    return deadline.partition(":")[2]


def credit_window(request: RefundRequested, issued_at: datetime) -> tuple[datetime, datetime]:
    """D12: from when on and until when the bank credits it, in business days (S58). The end starts no timer."""
    earliest, latest = request.bank_window_bd
    return (
        within_business_days(issued_at, earliest, request.timezone),
        within_business_days(issued_at, latest, request.timezone),
    )
