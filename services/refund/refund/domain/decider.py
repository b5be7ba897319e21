"""The service's decisions: which function answers which command, and how its stream folds."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain import commands, paying, requesting
from refund.domain.payment import Payment, deadlines, evolve
from shared.decider import Decider, ExpireDeadline, Stream
from shared.events.base import Command, Event


def decide(command: Command, payment: Payment) -> Sequence[Event]:
    match command:
        case commands.RecordCapture():
            return requesting.record_capture(command, payment)
        case commands.RequestRefund():
            return requesting.request_refund(command, payment)
        case commands.RecordIssued():
            return paying.record_issued(command, payment)
        case commands.RecordDeclined():
            return paying.record_declined(command, payment)
        case commands.RetryRefund():
            return paying.retry_refund(command, payment)
        case commands.RecordSettled():
            return paying.record_settled(command, payment)
        case ExpireDeadline():
            return []  # no timer of this service acts yet: D12 is only recorded
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider({"payment": Stream(Payment(), evolve, deadlines)}, decide)
