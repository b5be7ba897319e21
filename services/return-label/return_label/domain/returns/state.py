"""Return: where the goods are, folded from the request to what the inspection found (docs/rules/states.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from return_label.domain.deadlines import DeadlineKind, cancellation_of
from shared.events.deadlines import DeadlineMoved
from shared.events.inspection import ReturnPiecesInspected
from shared.events.return_label import (
    InspectionTimedOut,
    ReturnAuthorized,
    ReturnDenialFinal,
    ReturnDenied,
    ReturnDisputed,
    ReturnEvent,
    ReturnHeld,
    ReturnHoldEnded,
    ReturnInspected,
    ReturnLabelCancellationOrdered,
    ReturnLabelCancelled,
    ReturnLabelDenied,
    ReturnLabelGivenBack,
    ReturnLabelIssued,
    ReturnLabelNotCancelled,
    ReturnLabelOrdered,
    ReturnLabelVoided,
    ReturnLapsed,
    ReturnLost,
    ReturnReceived,
    ReturnRequested,
    ReturnShipped,
    ReturnTrackingCorrected,
    ReturnTransitOverdue,
)
from shared.parties import NOBODY, Parties
from shared.tracking.numbers import compact


class ReturnState(StrEnum):
    """Where the goods are."""

    REQUESTED = "requested"
    DENIED = "denied"
    AUTHORIZED = "authorized"
    LABEL_ISSUED = "label_issued"
    SELF_PAID = "self_paid"
    VOIDED = "voided"
    SHIPPED = "shipped"
    RECEIVED = "received"
    INSPECTED = "inspected"
    LAPSED = "lapsed"
    LOST = "lost"


UNSENT = frozenset({ReturnState.AUTHORIZED, ReturnState.LABEL_ISSUED, ReturnState.SELF_PAID})
"""The goods may be sent, and nothing is on its way."""


Cancellation = ReturnLabelCancellationOrdered | ReturnLabelCancelled | ReturnLabelNotCancelled
"""How far a label's cancellation is."""


@dataclass(frozen=True, slots=True)
class BankHold:
    """The chargebacks of the order that are `open`, `since` the first of them is known, and those that have `ended`."""

    open: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """The fold of one return's stream; `due` has the instant of each of its deadlines that was ever started, and
    `cancellations` the last word about each label that its carrier is to take back.
    """

    state: ReturnState = ReturnState.REQUESTED
    requested: ReturnRequested | None = None
    denied: ReturnDenied | None = None
    after_denial: ReturnDisputed | ReturnDenialFinal | None = None
    authorized: ReturnAuthorized | None = None
    ordered: ReturnLabelOrdered | None = None
    label: ReturnLabelIssued | None = None
    label_denied: ReturnLabelDenied | None = None
    label_void: bool = False
    given_back: int = 0
    cancellations: Mapping[str, Cancellation] = field(default_factory=dict)
    shipped: ReturnShipped | None = None
    received: ReturnReceived | None = None
    examined: tuple[ReturnPiecesInspected, ...] = ()
    inspected: ReturnInspected | None = None
    timed_out: InspectionTimedOut | None = None
    lost: ReturnLost | None = None
    hold: BankHold = BankHold()
    due: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def parties(self) -> Parties:
        """Whose return it is; the warehouse sees every one, and nobody one that was never requested."""
        if not self.requested:
            return NOBODY
        return Parties("return", self.requested.buyer_id, {self.requested.seller_id})

    @property
    def address_ref(self) -> str | None:
        """The seller's address, as it was told with the answer, else as the order knows it; else it is the warehouse's
        (K22).
        """
        return (self.authorized.address_ref if self.authorized else None) or self.terms.address_ref

    @property
    def told_address_ref(self) -> str | None:
        """The address that the seller told with the answer, if any."""
        return self.address_ref if self.requested and self.address_ref != self.terms.address_ref else None

    @property
    def dispute_id(self) -> str | None:
        """The dispute that it is of, or that its denial led to."""
        disputed = self.after_denial if isinstance(self.after_denial, ReturnDisputed) else self.terms
        return disputed.dispute_id

    @property
    def has_prepaid_label(self) -> bool:
        """Whether there is one that is not void."""
        return bool(self.label and self.label.prepaid) and not self.label_void

    @property
    def terms(self) -> ReturnRequested:
        """What was fixed when it was requested; only of a return that exists."""
        assert self.requested
        return self.requested

    @property
    def travels_prepaid(self) -> bool:
        """Whether the goods travel with the prepaid label, and not at the buyer's own cost beside it (S78)."""
        if not self.label or not self.has_prepaid_label or not self.shipped:
            return False
        number = self.label.tracking_number  # labels had none at first
        return number is None or compact(number) == compact(self.shipped.tracking_number)

    def until(self, kind: str) -> datetime | None:
        """Until when it is not too late; no instant is, while a bank decides (T34)."""
        return None if self.hold.open else self.due.get(kind)

    @property
    def event_fields(self) -> dict[str, Any]:
        """What every event about the goods repeats, so that who hears one needs no other."""
        terms = self.terms
        return {"return_id": terms.return_id, "dispute_id": terms.dispute_id, "order_id": terms.order_id}


def evolve(return_: Return, event: ReturnEvent) -> Return:  # noqa: C901 - one arm an event
    match event:
        case ReturnRequested(respond_by=due_at):
            return _until(replace(return_, requested=event), DeadlineKind.RESPONSE, due_at)
        case ReturnDenied(dispute_until=due_at):
            return _until(replace(return_, denied=event, state=ReturnState.DENIED), DeadlineKind.DISPUTE, due_at)
        case ReturnDisputed() | ReturnDenialFinal():
            return replace(return_, after_denial=event)
        case ReturnAuthorized():
            return _until(replace(return_, authorized=event, state=ReturnState.AUTHORIZED), D9, event.ship_by)
        case ReturnLabelOrdered():
            wanted = replace(return_, ordered=event, label_denied=None, state=ReturnState.AUTHORIZED)
            return _until(wanted, DeadlineKind.LABEL, event.ordered_at)
        case ReturnLabelIssued():
            state = ReturnState.LABEL_ISSUED if event.prepaid else ReturnState.SELF_PAID
            return replace(return_, label=event, ordered=None, label_void=False, label_denied=None, state=state)
        case ReturnLabelDenied():
            return replace(return_, label_denied=event, ordered=None, state=ReturnState.SELF_PAID)
        case ReturnLabelGivenBack():
            given_back = return_.given_back + 1
            return replace(return_, label_void=True, given_back=given_back, state=ReturnState.AUTHORIZED)
        case ReturnLabelVoided():
            return replace(return_, label_void=True, ordered=None, state=ReturnState.VOIDED)
        case ReturnLabelCancellationOrdered(label_id=label_id):
            return _until(_cancelling(return_, event), cancellation_of(label_id), event.ordered_at)
        case ReturnLabelCancelled() | ReturnLabelNotCancelled():
            return _cancelling(return_, event)
        case ReturnShipped(transit_alarm_at=alarm_at):
            return _until(replace(return_, shipped=event, ordered=None, state=ReturnState.SHIPPED), D10, alarm_at)
        case ReturnTransitOverdue(transit_alarm_at=alarm_at):
            return _until(return_, D10, alarm_at)
        case ReturnTrackingCorrected(tracking_number=number, carrier=carrier):
            return replace(return_, shipped=_renumbered(return_.shipped, number, carrier))
        case ReturnReceived(inspect_by=due_at):
            return _until(replace(return_, received=event, ordered=None, state=ReturnState.RECEIVED), D11, due_at)
        case ReturnPiecesInspected():
            return replace(return_, examined=(*return_.examined, event))
        case ReturnInspected():
            return replace(return_, inspected=event, state=ReturnState.INSPECTED)
        case InspectionTimedOut():
            return replace(return_, timed_out=event, state=ReturnState.INSPECTED)
        case ReturnLapsed():
            return replace(return_, label_void=True, ordered=None, state=ReturnState.LAPSED)
        case ReturnLost():
            return replace(return_, lost=event, state=ReturnState.LOST)
        case ReturnHeld() | ReturnHoldEnded():
            return replace(return_, hold=_held(return_.hold, event))
        case DeadlineMoved(kind=kind):
            return _until(return_, kind, event.due_at)
    assert_never(event)


D9, D10, D11 = DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT, DeadlineKind.INSPECTION


def _until(return_: Return, kind: str, due_at: datetime | None) -> Return:
    return replace(return_, due={**return_.due, kind: due_at}) if due_at else return_


def _cancelling(return_: Return, word: Cancellation) -> Return:
    return replace(return_, cancellations={**return_.cancellations, word.label_id: word})


def _renumbered(shipped: ReturnShipped | None, number: str, carrier: str | None) -> ReturnShipped | None:
    """The shipment under its right number: when it was sent, and how long it may take, stay."""
    return shipped and shipped.model_copy(update={"tracking_number": number, "carrier": carrier})


def _held(hold: BankHold, event: ReturnHeld | ReturnHoldEnded) -> BankHold:
    name = event.chargeback_id
    if isinstance(event, ReturnHeld):
        return replace(hold, open=hold.open | {name}, since=hold.since or event.held_at)
    left = hold.open - {name}
    return BankHold(left, hold.ended | {name}, hold.since if left else None)
