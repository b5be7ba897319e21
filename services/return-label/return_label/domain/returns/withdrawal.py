"""Withdrawal of a return: the buyer keeps the goods (T21)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.commands import LabelCommand
from return_label.domain.returns.state import UNSENT, Return
from shared.events.base import Event
from shared.events.return_label import ReturnLabelVoided


class WithdrawReturn(LabelCommand):
    """Whoever asked for the return does so no longer."""


def withdraw(command: WithdrawReturn, return_: Return) -> Sequence[Event]:
    """Its label becomes void, if it has one; too late for a parcel that is on its way, which stays a return."""
    if return_.state not in UNSENT:
        return []
    label_id = return_.label.label_id if return_.label else None
    return [ReturnLabelVoided(**return_.event_fields, label_id=label_id, rules=("T21",))]
