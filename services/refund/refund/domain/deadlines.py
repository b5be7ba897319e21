"""Kinds of deadlines: each is of one refund, so the refund's id is part of its name in storage."""

from __future__ import annotations

from enum import StrEnum


class DeadlineKind(StrEnum):
    """What falls due for a refund."""

    PAY = "pay"

    def of(self, refund_id: str) -> str:
        """This kind of deadline for one refund: `pay:<refund_id>`."""
        return f"{self}:{refund_id}"


def refund_of(deadline: str) -> str:
    """The refund that a deadline is of."""
    return deadline.partition(":")[2]
