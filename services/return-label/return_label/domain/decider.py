"""Decider: which function answers which command, and how a return's stream folds."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.returns import request, transit, withdrawal
from return_label.domain.returns.state import Return, evolve
from shared.decider import Decider, Stream
from shared.events.base import Command, Event


def decide(command: Command, return_: Return) -> Sequence[Event]:
    match command:
        case request.RequestReturn():
            return request.request_return(command, return_)
        case transit.MarkReturnShipped():
            return transit.mark_shipped(command, return_)
        case transit.MarkReturnReceived():
            return transit.mark_received(command, return_)
        case transit.InspectReturn():
            return transit.inspect(command, return_)
        case withdrawal.WithdrawReturn():
            return withdrawal.withdraw(command, return_)
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider({"return": Stream(Return(), evolve)}, decide)
