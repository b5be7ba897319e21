"""Bank hold: while a bank decides about the payment of the order nothing of a return falls due; then it goes on, later
by that time (T34, T35).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from return_label.domain.commands import ReturnCommand
from return_label.domain.returns.state import Return, evolve
from return_label.domain.returns.timers import PAUSED, due
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.return_label import ReturnHeld, ReturnHoldEnded


class HoldReturn(ReturnCommand):
    """The order or the dispute of the return was told of a chargeback."""

    chargeback_id: str


class EndReturnHold(ReturnCommand):
    """The bank has decided."""

    chargeback_id: str


def hold(command: HoldReturn, return_: Return) -> Sequence[Event]:
    """Once each, also of a return that waits for nothing: it may have been told so by both."""
    known = return_.hold
    if not return_.requested or command.chargeback_id in known.open | known.ended:
        return []
    return [held(return_.event_fields, command.chargeback_id, command.at)]


def held(named: Mapping[str, Any], chargeback_id: str, at: datetime) -> ReturnHeld:
    """What is recorded of the return of these ids."""
    return ReturnHeld(**named, chargeback_id=chargeback_id, held_at=at, rules=("S103", "T34"))


def end_hold(command: EndReturnHold, return_: Return) -> Sequence[Event]:
    """Nothing where the return was not held for it: it began behind the chargeback."""
    if command.chargeback_id not in return_.hold.open:
        return []
    named = {**return_.event_fields, "chargeback_id": command.chargeback_id}
    ended = ReturnHoldEnded(**named, ended_at=command.at, rules=("S103", "T35"))
    return [ended, *_moved(command, return_, evolve(return_, ended))]


def _moved(command: EndReturnHold, return_: Return, since: Return) -> Sequence[Event]:
    """Each deadline that stood still, later by the time of the hold; also one that began meanwhile, which is more than
    it needs, and never less.
    """
    began = return_.hold.since or command.at
    pause = max(command.at, began) - began
    standing = [(kind, due_at) for kind in PAUSED if (due_at := due(since, kind))]
    return [
        DeadlineMoved(kind=kind, previous_due_at=due_at, due_at=due_at + pause, rules=("S103", "T35"))
        for kind, due_at in standing
    ]
