"""Decider: which function answers which command, and how a return's stream folds."""

from __future__ import annotations

from typing import Any

from return_label.domain.returns import request, transit, withdrawal
from return_label.domain.returns.state import Return, evolve
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command
from shared.notifications import requests


def decide(command: Command, *states: Any) -> Decided:
    return_: Return = states[-1]
    match command:
        case requests.RequestNotifications():
            return requests.request_notifications(command, states[:-1], return_.parties)
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


decider = Decider(
    {"return": Stream(Return(), evolve), requests.STREAM: Stream(requests.Notification(), requests.evolve)}, decide
)
