"""Policies: outcomes of refunds and steps of returns become notes on the dispute and its order; parties are told.

A policy's command bears the instant of the event that it follows from, so that a repeat asks for the very same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dispute.domain.decider import decider
from dispute.domain.disputes.chargebacks.telling import TellDispute
from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from dispute.domain.disputes.mediation.re_request import AskAgain
from dispute.domain.disputes.opening.contested import ContestReturn
from dispute.domain.notifications.state import NOTICES
from dispute.domain.orders.cancellation import NoteOrderRefund
from dispute.domain.orders.chargebacks.noting import NoteChargeback, NoteResult
from dispute.domain.orders.payments.gifts import CLAWBACKS, REPLACED
from dispute.domain.orders.re_request import AskOrderAgain
from dispute.domain.orders.returns.steps import CONTESTED, NoteOrderReturn
from dispute.domain.reminders.keeping import KeepReminders
from shared.decider import Send
from shared.events import refund as refunds
from shared.events import return_label as returns
from shared.events.base import Event
from shared.events.dispute import RefundOutcome, ReturnOutcome
from shared.events.envelope import Recorded
from shared.events.inspection import InspectionResult
from shared.events.open_enums import known
from shared.events.order import GoodwillGranted
from shared.events.outside.chargeback import (
    ExternalChargebackOpened,
    ExternalChargebackResolved,
    RefundsFrozen,
    RefundsUnfrozen,
)
from shared.events.warranty import WarrantyAssessed, WarrantyClaimOpened, WarrantyFulfilled
from shared.notifications.table import NOTIFY, notifications

NOTE_REFUNDS, NOTE_RETURNS = "note_refunds", "note_returns"
"""The policies' names: their subscriptions' in storage, and part of the ids of their commands."""
ANOTHER_ACCOUNT = "another_account"
"""Of a refund that is tried again: the buyer has named an account for it."""
ABOUT: Mapping[type[Event], str] = {
    **dict.fromkeys((GoodwillGranted, *REPLACED), "goodwill_id"),
    **dict.fromkeys((WarrantyClaimOpened, WarrantyAssessed, WarrantyFulfilled), "warranty_id"),
}
"""By type of event: the member that names what is told of, if it is no dispute."""


def react(recorded: Recorded[Event]) -> Iterable[Send]:  # noqa: C901 - one arm an event
    """On a refund's or a return's step → note it on the dispute that it names and on its order. On RefundReRequested →
    ask for it again. On RefundsFrozen or RefundsUnfrozen → note the chargeback on the order.
    """
    match recorded.event:
        case RefundsFrozen() | RefundsUnfrozen():
            return [_note_chargeback(recorded)]
        case refunds.RefundReRequested() as event:
            return [_ask_again(recorded, event)]
        case event if word := _word_on_refund(event):
            return [_note_refund(recorded, *word)]
        case returns.ReturnAuthorized():
            return _note_return(recorded, ReturnOutcome.AUTHORIZED)
        case returns.ReturnDenied(reason=reason):
            return _note_return(recorded, ReturnOutcome.DENIED, reason)
        case returns.ReturnDenialFinal():
            return _note_return(recorded, ReturnOutcome.DENIAL_FINAL)
        case returns.ReturnLabelVoided():
            return _note_return(recorded, ReturnOutcome.VOIDED)
        case returns.ReturnShipped():
            return _note_return(recorded, ReturnOutcome.SHIPPED)
        case returns.ReturnReceived():
            return _note_return(recorded, ReturnOutcome.RECEIVED)
        case returns.ReturnInspected() as event:
            return _note_inspection(recorded, event)
        case returns.ReturnLapsed():
            return _note_return(recorded, ReturnOutcome.LAPSED)
        case returns.ReturnLost(prepaid=prepaid):
            return _note_return(recorded, ReturnOutcome.LOST if prepaid else ReturnOutcome.LOST_BY_OWN_CARRIER)
        case returns.InspectionTimedOut():
            return _note_return(recorded, ReturnOutcome.NOT_INSPECTED)
        case _:
            return []


def notify(recorded: Recorded[Event]) -> Iterable[Send]:
    """On an event of a dispute or a warranty claim, or a seller's goodwill → ask that its parties be told; let a
    dispute's reminders follow its deadlines (S54). On what an order hears of a chargeback → tell its parties, and each
    of its disputes (T34).
    """
    if isinstance(recorded.event, ExternalChargebackOpened | ExternalChargebackResolved):
        yield from _chargeback_told(recorded)
    else:
        yield from notifications(recorded, NOTICES, _subject(recorded))
    if recorded.stream.startswith("dispute-") and tuple(decider.deadlines(recorded.stream, recorded.event)):
        order_id, dispute_id = recorded.metadata.key, recorded.stream.removeprefix("dispute-")
        yield Send.on(recorded, NOTIFY, 1, KeepReminders, dispute_id=dispute_id, order_id=order_id)


def _subject(recorded: Recorded[Event]) -> str:
    """The member that names what an event is about; of what a seller gives it is the clawback."""
    is_given = recorded.stream.startswith("order-") and isinstance(recorded.event, CLAWBACKS)
    return "clawback_id" if is_given else ABOUT.get(type(recorded.event), "dispute_id")


def _word_on_refund(event: Event) -> tuple[RefundOutcome, str | None] | None:  # noqa: C901 - one arm an event
    """The outcome that is to be noted, and its reason; None where none is: also of what answers this service's own."""
    match event:
        case refunds.RefundIssued():
            return RefundOutcome.ISSUED, None
        case refunds.RefundRefused(reason=reason):
            return None if reason == refunds.NOT_DUE else (RefundOutcome.REFUSED, reason)
        case refunds.RefundFailed(reason=reason):
            return RefundOutcome.FAILED, reason
        case refunds.RefundSentToManual():
            return RefundOutcome.SENT_TO_MANUAL, None
        case refunds.RefundAbandoned():
            return RefundOutcome.ABANDONED, None
        case refunds.RefundSettled(is_last=True):
            return RefundOutcome.SETTLED, None
        case refunds.RefundSettlementOverdue():
            return RefundOutcome.OVERDUE, None
        case refunds.RefundReturnedByBank(reason=reason):
            return RefundOutcome.RETURNED_BY_BANK, reason
        case refunds.RefundRetried(sent_back=True, account_token=token):
            return RefundOutcome.TRIED_AGAIN, ANOTHER_ACCOUNT if token else None
        case refunds.RefundDoubtEnded(found=refunds.DoubtFound.PAID):
            return RefundOutcome.FOUND_PAID, None
        case refunds.RefundDoubtEnded():
            return RefundOutcome.FOUND_UNPAID, None
    return None


def _note_refund(recorded: Recorded[Any], outcome: RefundOutcome, reason: str | None) -> Send:
    event = recorded.event
    whose = {"dispute_id": event.dispute_id} if event.dispute_id else {}
    return Send.on(
        recorded,
        NOTE_REFUNDS,
        0,
        NoteRefund if event.dispute_id else NoteOrderRefund,
        **whose,
        order_id=event.order_id,
        refund_id=event.refund_id,
        outcome=outcome,
        amount=event.amount,
        lines=event.lines,
        reason=reason,
        in_doubt=getattr(event, "in_doubt", ()),
        source_event=recorded.id,
        **_window(event),
    )


_OF_ITS_END = ("result", "lines", "resolved_at")


def _note_chargeback(recorded: Recorded[Any]) -> Send:
    event = recorded.event
    is_end = isinstance(event, RefundsUnfrozen)
    said = {name: getattr(event, name) for name in (_OF_ITS_END if is_end else ("opened_at",))}
    ids = {"order_id": event.order_id, "chargeback_id": event.chargeback_id, "payment_id": event.payment_id}
    note = NoteResult if is_end else NoteChargeback
    return Send.on(recorded, NOTE_REFUNDS, 0, note, **ids, amount=event.amount, source_event=recorded.id, **said)


def _chargeback_told(recorded: Recorded[Any]) -> Iterable[Send]:
    """Its parties hear of it once, from the order."""
    told = recorded.event
    if told.dispute_id is None:
        yield from notifications(recorded, NOTICES, "chargeback_id")
    for n, dispute_id in enumerate(told.disputes, start=2):
        ids = {"dispute_id": dispute_id, "order_id": told.order_id}
        yield Send.on(recorded, NOTIFY, n, TellDispute, **ids, told=told, source_event=recorded.id)


def _ask_again(recorded: Recorded[Any], event: refunds.RefundReRequested) -> Send:
    whose = {"dispute_id": event.dispute_id} if event.dispute_id else {}
    return Send.on(
        recorded,
        NOTE_REFUNDS,
        0,
        AskAgain if event.dispute_id else AskOrderAgain,
        **whose,
        order_id=event.order_id,
        refund_id=event.replaced_by,
        replaces=event.refund_id,
        lines=event.lines,
    )


def _window(event: Any) -> Mapping[str, Any]:
    """When the bank credits what was paid (S58)."""
    if not isinstance(event, refunds.RefundIssued):
        return {}
    return {"expected_from": event.expected_from, "expected_until": event.expected_until}


def _note_inspection(recorded: Recorded[Any], event: returns.ReturnInspected) -> Iterable[Send]:
    passed = known(event.result) == InspectionResult.PASSED
    outcome = ReturnOutcome.PASSED if passed else ReturnOutcome.FAILED
    reason = event.fault.value if event.fault else None
    return _note_return(recorded, outcome, reason, pieces=event.pieces, evidence=event.evidence)


def _note_return(
    recorded: Recorded[Any], outcome: ReturnOutcome, reason: str | None = None, **found: Any
) -> Iterable[Send]:
    event = recorded.event
    alone = ContestReturn if outcome in CONTESTED else NoteOrderReturn
    disputed = {"dispute_until": event.dispute_until} if isinstance(event, returns.ReturnDenied) else {}
    whose = {"dispute_id": event.dispute_id} if event.dispute_id else disputed
    note = Send.on(
        recorded,
        NOTE_RETURNS,
        0,
        NoteReturn if event.dispute_id else alone,
        **whose,
        order_id=event.order_id,
        return_id=event.return_id,
        outcome=outcome,
        reason=reason,
        source_event=recorded.id,
        **found,
    )
    return [note]
