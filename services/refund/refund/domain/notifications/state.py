"""Notifications of refunds: which event is told to whom (S54, S61)."""

from __future__ import annotations

from collections.abc import Mapping

from refund.domain.payments.issuing import ConfirmRefund
from shared.events import refund as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.events.outside import chargeback as chargebacks
from shared.notifications.requests import BUYER
from shared.notifications.table import Notice, Notices

NOTICES: Notices = {
    events.RefundIssued: Notice("refund_issued", (BUYER,), rules=("S54", "S61"), asks=ConfirmRefund),
    events.RefundFailed: Notice("refund_failed", (BUYER,), unless="again"),
    events.RefundSettlementOverdue: Notice(
        "refund_overdue",
        (BUYER,),
        rules=("S54", "S62", "S63"),
        unless="again",
        by="way",
        words=tuple(events.RefundWay),
    ),
    events.RefundReturnedByBank: Notice("refund_returned", (BUYER,), rules=("S54", "S63", "T32a")),
    events.RefundHeld: Notice("refund_held", (BUYER,), rules=("S54", "T34")),
    events.RefundPartAbandoned: Notice(
        "refund_part_given_up",
        (BUYER,),
        otherwise=("in_doubt", "refund_in_doubt"),
        rules=("S54", "T31a"),
        unless="is_last",
    ),
    events.RefundAbandoned: Notice(
        "refund_given_up", (BUYER,), otherwise=("in_doubt", "refund_in_doubt"), rules=("S54", "T31a")
    ),
    events.RefundDoubtEnded: Notice("refund_doubt_ended", (BUYER,), rules=("S54", "T31a")),
}
"""By event of a payment; texts for a new kind stand in `shared/notifications/texts/`."""

_INSIDE = "a step on the way, of which the buyer learns the end"
SILENT: Mapping[type[Event], str] = {
    events.PaymentCaptured: "the shop tells of the payment",
    events.BuyerStandingNoted: "the shop tells of the account",
    events.RefundDestinationChosen: "the buyer has chosen it",
    events.RefundRequested: _INSIDE,
    events.RefundApproved: _INSIDE,
    events.RefundRetried: _INSIDE,
    events.RefundRefused: "people look at it, for the decision and the cap contradict each other",
    events.RefundSentToManual: "the failure before was told, and people see to the rest",
    ProposalMade: "between two people of support",
    ProposalAgreed: "between two people of support",
    ProposalDeclined: "between two people of support",
    events.RefundConfirmed: "it records that the buyer is told",
    events.RefundPaidTwice: "people see to it, and the buyer has more than was due",
    events.RefundPartIssued: "the last part brings the word that the refund is issued",
    events.RefundReRequested: "the refund that it is asked for again as is told",
    events.RefundSettled: "the buyer's bank tells of the credit",
    chargebacks.RefundsFrozen: "a chargeback is the bank's own matter with the buyer; what it makes wait is told",
    chargebacks.RefundsUnfrozen: "the bank tells the buyer",
    chargebacks.RepresentmentDue: "people see to it",
    chargebacks.RepresentmentClosed: "between the bank and people",
    DeadlineMoved: "the next try is moved, which nobody waits for",
}
"""Events of a payment that nobody is told of, and why."""
