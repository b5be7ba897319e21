"""Decider: which function answers which command, and how a payment's stream folds."""

from __future__ import annotations

from typing import Any

from refund.domain.payments import outcomes, request, retries
from refund.domain.payments.state import KINDS, Payment, deadlines, evolve
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command
from shared.notifications import requests


def decide(command: Command, *states: Any) -> Decided:  # noqa: C901 - one arm a command
    payment: Payment = states[-1]
    match command:
        case requests.RequestNotifications():
            parties = payment.parties_of(payment.refund(command.about))
            return requests.request_notifications(command, states[:-1], parties)
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


decider = Decider(
    {
        "payment": Stream(Payment(), evolve, deadlines, KINDS, Payment.due),
        requests.STREAM: Stream(requests.Notification(), requests.evolve),
    },
    decide,
)
