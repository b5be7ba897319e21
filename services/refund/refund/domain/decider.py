"""Decider: which function answers which command, and how a payment's stream folds."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.payments import outcomes, request, retries
from refund.domain.payments.state import KINDS, Payment, deadlines, evolve
from shared.decider import Decider, Stream
from shared.events.base import Command, Event


def decide(command: Command, payment: Payment) -> Sequence[Event]:
    match command:
        case request.RecordCapture():
            return request.record_capture(command, payment)
        case request.RequestRefund():
            return request.request_refund(command, payment)
        case outcomes.RecordIssued():
            return outcomes.record_issued(command, payment)
        case outcomes.RecordDeclined():
            return outcomes.record_declined(command, payment)
        case outcomes.RecordDoubtful():
            return outcomes.record_doubtful(command, payment)
        case retries.RetryRefund():
            return retries.retry_refund(command, payment)
        case outcomes.RecordSettled():
            return outcomes.record_settled(command, payment)
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider({"payment": Stream(Payment(), evolve, deadlines, KINDS, Payment.due)}, decide)
