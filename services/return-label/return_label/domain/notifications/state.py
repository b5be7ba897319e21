"""Notifications of returns: which event is told to whom (S54)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events import return_label as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.inspection import ReturnPiecesInspected
from shared.notifications.requests import BUYER, SELLER
from shared.notifications.table import Notice, Notices

BOTH = (BUYER, SELLER)

NOTICES: Notices = {
    events.ReturnRequested: Notice(
        "return_requested", (SELLER,), "respond_by", "seller_response", ("S54", "T27x"), only="respond_by"
    ),
    events.ReturnDenied: Notice(
        "return_denied", (BUYER,), "dispute_until", "return_dispute", ("S54", "T27x"), unless="dispute_id"
    ),
    events.ReturnAuthorized: Notice("return_authorized", (BUYER,), "ship_by", "return_shipment", ("S54", "S80")),
    events.ReturnLapsed: Notice("return_lapsed", BOTH, rules=("S54", "T24")),
    events.ReturnTransitOverdue: Notice("return_overdue", BOTH, rules=("S54", "T44")),
    events.ReturnLost: Notice("return_lost", BOTH, rules=("S54", "T25a")),
    events.InspectionTimedOut: Notice("inspection_timed_out", BOTH, rules=("S54", "T28")),
}
"""By event of a return; texts for a new kind stand in `shared/notifications/texts/`."""

_SHOWN = "S54 names it not, and the return shows it"
_CARRIER = "it is between the platform and its carrier"
_OF_THE_BANK = "the order tells its parties of the chargeback, and the return shows its deadlines"
SILENT: Mapping[type[Event], str] = {
    events.ReturnDisputed: "the dispute tells it",
    events.ReturnDenialFinal: "the denial has told until when",
    events.ReturnLabelOrdered: "the authorisation of the same append tells it",
    events.ReturnLabelIssued: "the authorisation of the same append tells it",
    events.ReturnLabelDenied: "the authorisation of the same append tells it, and the return says why",
    events.ReturnLabelGivenBack: "the buyer asked for it",
    events.ReturnLabelVoided: "the buyer asked for it",
    events.ReturnLabelCancellationOrdered: _CARRIER,
    events.ReturnLabelCancelled: _CARRIER,
    events.ReturnLabelNotCancelled: _CARRIER,
    events.ReturnShipped: _SHOWN,
    events.ReturnTrackingCorrected: _SHOWN,
    events.ReturnReceived: _SHOWN,
    ReturnPiecesInspected: _SHOWN,
    events.ReturnInspected: _SHOWN,
    events.ReturnHeld: _OF_THE_BANK,
    events.ReturnHoldEnded: _OF_THE_BANK,
    DeadlineMoved: _OF_THE_BANK,
}
"""Events of a return that nobody is told of, and why."""
