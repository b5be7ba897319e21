"""Decider: which function answers which command, and how a payment's stream folds."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.payments import attempts, request
from refund.domain.payments.state import KINDS, Payment, deadlines, evolve
from shared.decider import Decider, Stream
from shared.events.base import Command, Event


def decide(command: Command, payment: Payment) -> Sequence[Event]:
    match command:
        case request.RecordCapture():
            return request.record_capture(command, payment)
        case request.RequestRefund():
            return request.request_refund(command, payment)
        case attempts.RecordIssued():
            return attempts.record_issued(command, payment)
        case attempts.RecordDeclined():
            return attempts.record_declined(command, payment)
        case attempts.RetryRefund():
            return attempts.retry_refund(command, payment)
        case attempts.RecordSettled():
            return attempts.record_settled(command, payment)
    raise TypeError(f"{type(command).__name__} is not a command of this service")


decider = Decider({"payment": Stream(Payment(), evolve, deadlines, KINDS, Payment.due)}, decide)
