"""Return: where the goods are, folded from the request to what the inspection found (docs/rules/states.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, assert_never

from shared.events.deadlines import DeadlineMoved
from shared.events.return_label import (
    ReturnAuthorized,
    ReturnDenied,
    ReturnEvent,
    ReturnInspected,
    ReturnLabelDenied,
    ReturnLabelGivenBack,
    ReturnLabelIssued,
    ReturnLabelVoided,
    ReturnReceived,
    ReturnRequested,
    ReturnShipped,
    ReturnTrackingCorrected,
)
from shared.parties import NOBODY, Parties


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


@dataclass(frozen=True, slots=True)
class Return:
    """The fold of one return's stream."""

    state: ReturnState = ReturnState.REQUESTED
    requested: ReturnRequested | None = None
    denied: ReturnDenied | None = None
    authorized: ReturnAuthorized | None = None
    label: ReturnLabelIssued | None = None
    label_denied: ReturnLabelDenied | None = None
    label_void: bool = False
    given_back: int = 0
    shipped: ReturnShipped | None = None
    received: ReturnReceived | None = None
    inspected: ReturnInspected | None = None

    @property
    def parties(self) -> Parties:
        """Whose return it is; the warehouse sees every one, and nobody one that was never requested."""
        if not self.requested:
            return NOBODY
        return Parties("return", self.requested.buyer_id, {self.requested.seller_id})

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
    def event_fields(self) -> dict[str, Any]:
        """What every event about the goods repeats, so that who hears one needs no other."""
        terms = self.terms
        return {"return_id": terms.return_id, "dispute_id": terms.dispute_id, "order_id": terms.order_id}


def evolve(return_: Return, event: ReturnEvent) -> Return:  # noqa: C901 - one arm an event
    match event:
        case ReturnRequested():
            return replace(return_, requested=event)
        case ReturnDenied():
            return replace(return_, denied=event, state=ReturnState.DENIED)
        case ReturnAuthorized():
            return replace(return_, authorized=event, state=ReturnState.AUTHORIZED)
        case ReturnLabelIssued():
            state = ReturnState.LABEL_ISSUED if event.prepaid else ReturnState.SELF_PAID
            return replace(return_, label=event, label_void=False, label_denied=None, state=state)
        case ReturnLabelDenied():
            return replace(return_, label_denied=event, state=ReturnState.SELF_PAID)
        case ReturnLabelGivenBack():
            given_back = return_.given_back + 1
            return replace(return_, label_void=True, given_back=given_back, state=ReturnState.AUTHORIZED)
        case ReturnLabelVoided():
            return replace(return_, label_void=True, state=ReturnState.VOIDED)
        case ReturnShipped():
            return replace(return_, shipped=event, state=ReturnState.SHIPPED)
        case ReturnTrackingCorrected(tracking_number=number, carrier=carrier):
            return replace(return_, shipped=_renumbered(return_.shipped, number, carrier))
        case ReturnReceived():
            return replace(return_, received=event, state=ReturnState.RECEIVED)
        case ReturnInspected():
            return replace(return_, inspected=event, state=ReturnState.INSPECTED)
        case DeadlineMoved():
            return return_  # its deadlines are recorded, and none runs yet
    assert_never(event)


def _renumbered(shipped: ReturnShipped | None, number: str, carrier: str | None) -> ReturnShipped | None:
    """The shipment under its right number: when it was sent, and how long it may take, stay."""
    return shipped and shipped.model_copy(update={"tracking_number": number, "carrier": carrier})
