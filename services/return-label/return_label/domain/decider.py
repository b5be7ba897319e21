"""The service's decisions: which function answers which command, and how its stream folds."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain import commands, handling, requesting
from return_label.domain.returns import Return, evolve
from shared.decider import Decider, ExpireDeadline, Stream
from shared.events.base import Command, Event


def decide(command: Command, state: Return) -> Sequence[Event]:
    match command:
        case commands.RequestReturn():
            return requesting.request_return(command, state)
        case commands.MarkReturnShipped():
            return handling.mark_shipped(command, state)
        case commands.MarkReturnReceived():
            return handling.mark_received(command, state)
        case commands.InspectReturn():
            return handling.inspect(command, state)
        case ExpireDeadline():
            return []  # no timer of this service acts yet: D9, D10 and D11 are only recorded
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider({"return": Stream(Return(), evolve)}, decide)
