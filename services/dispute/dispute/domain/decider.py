"""Decider of the dispute service: which function answers which command, and how its streams fold (I5)."""

from __future__ import annotations

from typing import Any

from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.disputes import (
    cancellation,
    cancelled_order,
    escalation,
    evidence,
    fulfilment,
    negotiation,
    opening,
    timeouts,
)
from dispute.domain.disputes import state as disputes
from dispute.domain.disputes import timers as dispute_timers
from dispute.domain.disputes.agreement import replacement
from dispute.domain.disputes.mediation import appeal, appeal_decision, decision, review, statements, survey
from dispute.domain.disputes.state import Dispute
from dispute.domain.evidence import state as items
from dispute.domain.evidence import upload
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders import cancellation as order_cancellation
from dispute.domain.orders import facts, registration, release, timers
from dispute.domain.orders import state as orders
from dispute.domain.orders.state import Order
from dispute.domain.reminders import keeping
from dispute.domain.reminders import state as reminders
from dispute.domain.reminders.state import Reminders
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command
from shared.notifications import requests


def decide(command: Command, *states: Any) -> Decided:  # noqa: C901 - one arm a command
    match command:
        case registration.RegisterOrder():
            return registration.register_order(command, *states)
        case cancelled_order.CancelOrder():
            return cancelled_order.cancel_order(command, *states)
        case facts.RecordFact():
            return facts.record_fact(command, *states)
        case opening.OpenDispute():
            return opening.open_dispute(command, *states)
        case negotiation.RespondToDispute():
            return negotiation.respond(command, *states)
        case negotiation.AcceptSolution():
            return negotiation.accept(command, *states)
        case negotiation.ModifyRequest():
            return negotiation.modify(command, *states)
        case cancellation.CancelDispute():
            return cancellation.cancel(command, *states)
        case upload.UploadEvidence():
            return upload.upload(command, *states)
        case upload.RemoveUpload():
            return upload.remove_upload(command, *states)
        case upload.ViewUpload():
            return upload.view_upload(command, *states)
        case evidence.AddEvidence():
            return evidence.add(command, *states)
        case evidence.RemoveEvidence():
            return evidence.remove(command, *states)
        case evidence.ViewEvidence():
            return evidence.view(command, *states)
        case order_cancellation.NoteOrderRefund():
            return order_cancellation.note_order_refund(command, *states)
        case fulfilment.NoteRefund():
            return fulfilment.note_refund(command, *states)
        case fulfilment.NoteReturn():
            return fulfilment.note_return(command, *states)
        case ExpireDeadline():
            return expire(command, *states)
        case keeping.KeepReminders():
            return keeping.keep_reminders(command, *states)
        case requests.RequestNotifications():
            return requests.request_notifications(command, states[:-1], states[-1].parties)
    return mediate(command, *states)


def mediate(command: Command, *states: Any) -> Decided:  # noqa: C901 - one arm a command
    match command:
        case escalation.EscalateDispute():
            return escalation.escalate(command, *states)
        case statements.SubmitStatement():
            return statements.submit_statement(command, *states)
        case review.ClaimCase():
            return review.claim(command, *states)
        case review.ReleaseCase():
            return review.release(command, *states)
        case review.StartReview():
            return review.start_review(command, *states)
        case review.RequestEvidence():
            return review.request_evidence(command, *states)
        case decision.IssueDecision():
            return decision.decide(command, *states)
        case appeal.AppealDecision():
            return appeal.appeal(command, *states)
        case appeal_decision.DecideAppeal():
            return appeal_decision.decide_appeal(command, *states)
        case replacement.ShipReplacement():
            return replacement.ship(command, *states)
        case replacement.ReceiveReplacement():
            return replacement.receive(command, *states)
        case survey.SubmitSurvey():
            return survey.submit_survey(command, *states)
    raise TypeError(f"{type(command).__name__} is not a command of this service")


def expire(command: ExpireDeadline, state: Dispute | Order | Evidence | Reminders, *others: Any) -> Decided:
    """Acts only on a deadline that still stands at the very instant named; a cleared or moved one loses (I8)."""
    if not command.is_due(state.due(command.kind)):
        return []
    if isinstance(state, Evidence):
        return upload.expire(command, state)
    if isinstance(state, Order):
        return release.expire(command, state)
    if isinstance(state, Reminders):
        return keeping.remind(command, state, *others)
    return timeouts.expire(command, state, *others)


decider = Decider(
    {
        "dispute": Stream(Dispute(), disputes.evolve, dispute_timers.deadlines, dispute_timers.KINDS, Dispute.due),
        "evidence": Stream(Evidence(), items.evolve, items.deadlines, items.KINDS, Evidence.due),
        "order": Stream(Order(), orders.evolve, timers.deadlines, timers.KINDS, Order.due),
        "reminder": Stream(Reminders(), reminders.evolve, reminders.deadlines, reminders.KINDS, Reminders.due),
        requests.STREAM: Stream(requests.Notification(), requests.evolve),
    },
    decide,
)
