"""Decider: which function answers which command, and how the streams of returns and labels fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from return_label.domain.label_quotas import limits
from return_label.domain.label_quotas import state as quotas
from return_label.domain.returns import (
    bank_hold,
    findings,
    inspection,
    loss,
    request,
    response,
    timeouts,
    transit,
    withdrawal,
)
from return_label.domain.returns.labels import cancellation, giving_back, issuing, purchase, use
from return_label.domain.returns.state import Return, evolve
from return_label.domain.returns.timers import KINDS, deadlines, due
from shared.decider import Decided, Decider, ExpireDeadline, Stream
from shared.events.base import Command
from shared.notifications import requests


def request_notifications(command: requests.RequestNotifications, *states: Any) -> Decided:
    """Told to the parties of the return that the last stream holds."""
    return_: Return = states[-1]
    return requests.request_notifications(command, states[:-1], return_.parties)


COMMANDS: Mapping[type[Command], Callable[..., Decided]] = {
    request.RequestReturn: request.request_return,
    response.RespondToReturn: response.respond,
    response.NoteDispute: response.note_dispute,
    issuing.RequestLabel: issuing.request_label,
    giving_back.GiveBackLabel: giving_back.give_back,
    purchase.RecordLabelBought: purchase.bought,
    purchase.RecordNoLabel: purchase.not_bought,
    cancellation.RecordCancelled: cancellation.cancelled,
    cancellation.RecordNotCancelled: cancellation.not_cancelled,
    cancellation.SettleCancellation: cancellation.settle,
    transit.MarkReturnShipped: use.ship,
    transit.MarkReturnReceived: transit.mark_received,
    findings.InspectReturn: inspection.inspect,
    withdrawal.WithdrawReturn: use.keep,
    loss.MarkReturnLost: loss.mark_lost,
    bank_hold.HoldReturn: bank_hold.hold,
    bank_hold.EndReturnHold: bank_hold.end_hold,
    limits.SetReturnLimit: limits.set_limit,
    limits.LiftReturnLimit: limits.lift_limit,
    ExpireDeadline: timeouts.expire,
    requests.RequestNotifications: request_notifications,
}
"""Which function answers which command; it is given the states of the streams that it names, in order."""


def decide(command: Command, *states: Any) -> Decided:
    return COMMANDS[type(command)](command, *states)


decider = Decider(
    {
        "return": Stream(Return(), evolve, deadlines, KINDS, due),
        "label_quota": Stream(quotas.Quota(), quotas.evolve),
        requests.STREAM: Stream(requests.Notification(), requests.evolve),
    },
    decide,
)
