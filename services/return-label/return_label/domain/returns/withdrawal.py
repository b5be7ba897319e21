"""Withdrawal of a return: the buyer keeps the goods (T21)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.commands import ReturnCommand
from return_label.domain.returns.state import Return, ReturnState
from shared.events.base import Event
from shared.events.return_label import ReturnLabelVoided

UNSENT = frozenset({ReturnState.LABEL_ISSUED, ReturnState.SELF_PAID})


class WithdrawReturn(ReturnCommand):
    """Whoever asked for the return does so no longer."""


def withdraw(command: WithdrawReturn, return_: Return) -> Sequence[Event]:
    """Its label becomes void; too late for a parcel that is on its way, which stays a return."""
    if return_.state not in UNSENT or not return_.label:
        return []
    return [ReturnLabelVoided(**return_.event_fields, label_id=return_.label.label_id, rules=("T21",))]
