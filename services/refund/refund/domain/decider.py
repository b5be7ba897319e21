"""Decider: which function answers which command, and how a payment's stream folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund.domain.payments import (
    abandonment,
    doubt,
    issuing,
    manual_payment,
    outcomes,
    pending,
    re_request,
    request,
    retries,
    second_person,
)
from refund.domain.payments.chargebacks import facts, representment, resuming
from refund.domain.payments.destination import choice, standing
from refund.domain.payments.settlement import bank, window
from refund.domain.payments.state import Payment, evolve
from refund.domain.payments.timers import KINDS, deadlines
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command, Event
from shared.notifications import requests


def request_notifications(command: requests.RequestNotifications, *states: Any) -> tuple[Sequence[Event], ...]:
    """Told to the parties of the refund that the last stream holds."""
    payment: Payment = states[-1]
    parties = payment.parties_of(payment.refund(command.about))
    return requests.request_notifications(command, states[:-1], parties)


def confirm_refund(command: issuing.ConfirmRefund, *states: Any) -> Decided:
    """The same of a refund that is issued, and the payment's stream records it."""
    told = request_notifications(command, *states)[:-1]
    return (*told, issuing.confirmations(command, told))


COMMANDS: Mapping[type[Command], Callable[..., Decided]] = {
    request.RecordCapture: request.record_capture,
    request.RequestRefund: request.request_refund,
    choice.ChooseDestination: choice.choose_destination,
    standing.NoteStanding: standing.note_standing,
    facts.OpenChargeback: facts.open_chargeback,
    facts.ResolveChargeback: facts.resolve_chargeback,
    representment.CloseRepresentment: representment.close_representment,
    resuming.RecordHeld: resuming.record_held,
    outcomes.RecordIssued: outcomes.record_issued,
    outcomes.RecordDeclined: outcomes.record_declined,
    outcomes.RecordDoubtful: outcomes.record_doubtful,
    pending.RecordPending: pending.record_pending,
    pending.AskNow: pending.ask_now,
    bank.RecordSettled: bank.record_settled,
    bank.RecordReturned: bank.record_returned,
    window.CloseWindow: window.close_window,
    retries.RetryRefund: retries.retry_refund,
    abandonment.AbandonRefund: abandonment.abandon_refund,
    manual_payment.PayByHand: manual_payment.pay_by_hand,
    doubt.EndDoubt: doubt.end_doubt,
    re_request.ReRequestRefund: re_request.re_request_refund,
    re_request.RefuseReRequest: re_request.refuse_re_request,
    second_person.AgreeToProposal: second_person.agree,
    second_person.DeclineProposal: second_person.decline,
    requests.RequestNotifications: request_notifications,
    issuing.ConfirmRefund: confirm_refund,
}
"""Which function answers which command; it is given the states of the streams that it names, in order."""


def decide(command: Command, *states: Any) -> Decided:
    return COMMANDS[type(command)](command, *states)


decider = Decider(
    {
        "payment": Stream(Payment(), evolve, deadlines, KINDS, Payment.due),
        requests.STREAM: Stream(requests.Notification(), requests.evolve),
    },
    decide,
)
