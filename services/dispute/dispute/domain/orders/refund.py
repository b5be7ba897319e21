"""Refund that an order itself asked for, without a dispute (S66)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.dispute import RefundDue, RefundOutcome
from shared.events.open_enums import Open


@dataclass(frozen=True, slots=True)
class Refund:
    """What was asked for, and the refund service's last word on it."""

    due: RefundDue
    outcome: Open[RefundOutcome] | None = None
