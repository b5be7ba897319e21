"""Decider of the dispute service: which function answers which command, and how its streams fold (I5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dispute.domain import goodwill, reports
from dispute.domain.conversations import messages
from dispute.domain.conversations import state as conversation
from dispute.domain.conversations.state import Conversation
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.disputes import (
    cancellation,
    cancelled_order,
    carrier_scans,
    escalation,
    evidence,
    fulfilment,
    negotiation,
    timeouts,
    visibility,
)
from dispute.domain.disputes import state as disputes
from dispute.domain.disputes import timers as dispute_timers
from dispute.domain.disputes.afterwards import collection, repayment
from dispute.domain.disputes.agreement import replacement
from dispute.domain.disputes.chargebacks import telling
from dispute.domain.disputes.mediation import (
    appeal,
    appeal_decision,
    decision,
    override,
    re_request,
    review,
    second_person,
    statements,
    survey,
)
from dispute.domain.disputes.opening import contested, opening
from dispute.domain.disputes.state import Dispute
from dispute.domain.entitlements import granting
from dispute.domain.evidence import state as items
from dispute.domain.evidence import upload
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders import cancellation as order_cancellation
from dispute.domain.orders import captures, facts, registration, release, timers
from dispute.domain.orders import re_request as order_re_request
from dispute.domain.orders import state as orders
from dispute.domain.orders.chargebacks import noting
from dispute.domain.orders.goodwill import replacing
from dispute.domain.orders.goodwill.telling import parties_of
from dispute.domain.orders.returns import steps
from dispute.domain.orders.state import Order
from dispute.domain.reminders import keeping
from dispute.domain.reminders import state as reminders
from dispute.domain.reminders.state import Reminders
from dispute.domain.warranties import assessment, claiming
from dispute.domain.warranties import fulfilment as warranty_fulfilment
from dispute.domain.warranties import state as warranties
from dispute.domain.warranties.state import WarrantyClaim
from shared.decider import Decided, Decider, Stream
from shared.events.base import Command
from shared.notifications import requests


def expire(
    command: ExpireDeadline, state: Dispute | Order | Evidence | Reminders | WarrantyClaim, *others: Any
) -> Decided:
    """Acts only on a deadline that still stands at the very instant named; a cleared or moved one loses (I8)."""
    if not command.is_due(state.due(command.kind)):
        return []
    if isinstance(state, Evidence):
        return upload.expire(command, state)
    if isinstance(state, Order):
        return release.expire(command, state)
    if isinstance(state, Reminders):
        return keeping.remind(command, state, *others)
    if isinstance(state, WarrantyClaim):
        return assessment.review_overdue(command, state)
    return timeouts.expire(command, state, *others)


def request_notifications(command: requests.RequestNotifications, *states: Any) -> Decided:
    """Told to the parties of what the last stream holds."""
    source = states[-1]
    parties = parties_of(source, command.about) if isinstance(source, Order) else source.parties
    return requests.request_notifications(command, states[:-1], parties)


COMMANDS: Mapping[type[Command], Callable[..., Decided]] = {
    registration.RegisterOrder: registration.register_order,
    captures.RecordOrderCapture: captures.record_order_capture,
    facts.RecordFact: carrier_scans.record_fact_and_scans,
    cancelled_order.CancelOrder: cancelled_order.cancel_order,
    collection.EndClawback: collection.end_clawback,
    reports.ReportSeller: reports.report_seller,
    goodwill.GrantGoodwill: goodwill.grant_goodwill,
    replacing.ShipGoodwill: replacing.ship,
    replacing.ReceiveGoodwill: replacing.receive,
    granting.GrantReturn: granting.grant_return,
    steps.NoteOrderReturn: steps.note_order_return,
    contested.ContestReturn: contested.contest_return,
    order_cancellation.NoteOrderRefund: order_cancellation.note_order_refund,
    order_re_request.AskOrderAgain: order_re_request.ask_order_again,
    opening.OpenDispute: opening.open_dispute,
    negotiation.RespondToDispute: negotiation.respond,
    negotiation.AcceptSolution: negotiation.accept,
    negotiation.ModifyRequest: negotiation.modify,
    cancellation.CancelDispute: cancellation.cancel,
    replacement.ShipReplacement: replacement.ship,
    replacement.ReceiveReplacement: replacement.receive,
    replacement.NoteArrival: replacement.note_arrival,
    fulfilment.NoteRefund: fulfilment.note_refund,
    fulfilment.NoteReturn: fulfilment.note_return,
    re_request.AskAgain: re_request.ask_again,
    noting.NoteChargeback: noting.note_chargeback,
    noting.NoteResult: noting.note_result,
    telling.TellDispute: telling.tell_dispute,
    escalation.EscalateDispute: escalation.escalate,
    statements.SubmitStatement: statements.submit_statement,
    review.ClaimCase: review.claim,
    review.ReleaseCase: review.release,
    review.StartReview: review.start_review,
    review.RequestEvidence: review.request_evidence,
    decision.IssueDecision: decision.decide,
    appeal.AppealDecision: appeal.appeal,
    appeal_decision.DecideAppeal: appeal_decision.decide_appeal,
    override.ForceDecision: override.force_decision,
    override.ForceTransition: override.force_transition,
    second_person.AgreeToProposal: second_person.agree,
    second_person.DeclineProposal: second_person.decline,
    repayment.ReportLateArrival: repayment.report_late_arrival,
    repayment.NoteLateArrival: repayment.note_late_arrival,
    repayment.AgreeRepayment: repayment.agree_repayment,
    repayment.ReceiveRepayment: repayment.receive_repayment,
    messages.PostMessage: messages.post,
    survey.SubmitSurvey: survey.submit_survey,
    upload.UploadEvidence: upload.upload,
    upload.RemoveUpload: upload.remove_upload,
    upload.ViewUpload: upload.view_upload,
    evidence.AddEvidence: evidence.add,
    evidence.RemoveEvidence: evidence.remove,
    evidence.ViewEvidence: evidence.view,
    claiming.OpenWarrantyClaim: claiming.open_claim,
    assessment.AssessWarranty: assessment.assess,
    warranty_fulfilment.FulfilWarranty: warranty_fulfilment.fulfil,
    ExpireDeadline: expire,
    keeping.KeepReminders: keeping.keep_reminders,
    requests.RequestNotifications: request_notifications,
}
"""Which function answers which command; it is given the states of the streams that it names, in order."""


def decide(command: Command, *states: Any) -> Decided:
    return COMMANDS[type(command)](command, *states)


decider = Decider(
    {
        "dispute": Stream(
            Dispute(), disputes.evolve, dispute_timers.deadlines, dispute_timers.KINDS, Dispute.due, visibility.knows
        ),
        "conversation": Stream(Conversation(), conversation.evolve),
        "evidence": Stream(Evidence(), items.evolve, items.deadlines, items.KINDS, Evidence.due),
        "order": Stream(Order(), orders.evolve, timers.deadlines, timers.KINDS, Order.due),
        "warranty": Stream(
            WarrantyClaim(), warranties.evolve, warranties.deadlines, warranties.KINDS, WarrantyClaim.due
        ),
        "reminder": Stream(Reminders(), reminders.evolve, reminders.deadlines, reminders.KINDS, Reminders.due),
        requests.STREAM: Stream(requests.Notification(), requests.evolve),
    },
    decide,
)
