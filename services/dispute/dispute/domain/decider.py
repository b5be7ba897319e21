"""The service's decisions: which function answers which command, and how its streams fold (I5)."""

from __future__ import annotations

from typing import Any

from dispute.domain import commands, dispute, facts, fulfilment, negotiation, opening, order, timers
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command


def decide(command: Command, *states: Any) -> Decided:  # noqa: C901 - one arm a command
    match command:
        case commands.RegisterOrder():
            return facts.register_order(command, *states)
        case commands.RecordFact():
            return facts.record_fact(command, *states)
        case commands.OpenDispute():
            return opening.open_dispute(command, *states)
        case commands.RespondToDispute():
            return negotiation.respond(command, *states)
        case commands.AcceptSolution():
            return negotiation.accept(command, *states)
        case commands.ModifyRequest():
            return negotiation.modify(command, *states)
        case commands.CancelDispute():
            return negotiation.cancel(command, *states)
        case commands.NoteRefund():
            return fulfilment.note_refund(command, *states)
        case commands.NoteReturn():
            return fulfilment.note_return(command, *states)
        case commands.ExpireDeadline():
            return timers.expire(command, *states)
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider(
    {
        "dispute": Stream(dispute.Dispute(), dispute.evolve, dispute.deadlines),
        "order": Stream(order.Order(), order.evolve, order.deadlines),
    },
    decide,
)
