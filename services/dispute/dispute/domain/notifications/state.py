"""Notifications of disputes: which event is told to whom, of which kind and until when (S54)."""

from __future__ import annotations

from collections.abc import Mapping

from dispute.domain.deadlines import DeadlineKind
from shared.events import dispute as events
from shared.events import mediation, warranty
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.evidence import CarrierScanAdded, EvidenceAdded, EvidenceRemoved
from shared.events.mediation import clawbacks, proposals, repayments
from shared.events.mediation.conversation import MessagePosted
from shared.events.order import (
    GoodwillGranted,
    GoodwillReplacementGranted,
    GoodwillReplacementReceived,
    GoodwillReplacementShipped,
)
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.notifications.requests import BUYER, SELLER
from shared.notifications.table import Notice, Notices

BOTH = (BUYER, SELLER)
STARTED = "deadline_started"


def _of_a_dispute(kind: str, of_goodwill: str, to: str) -> Notice:
    """What is asked back has words of its own where no dispute asks for it, but a seller gives it (S20)."""
    return Notice(of_goodwill, to, rules=("S54", "K19"), otherwise=("dispute_id", kind))


NOTICES: Notices = {
    events.DisputeOpened: Notice(STARTED, (SELLER,), "respond_by", DeadlineKind.SELLER_RESPONSE, ("S54", "S39")),
    events.SellerResponded: Notice("seller_responded", (BUYER,), "answer_by", DeadlineKind.BUYER_RESPONSE),
    events.RequestModified: Notice(STARTED, (SELLER,), "respond_by", DeadlineKind.SELLER_RESPONSE, ("S54", "S43")),
    events.Escalated: Notice(STARTED, BOTH, "evidence_until", "evidence", ("S54", "S50")),
    events.SolutionReached: Notice("solution_reached", BOTH, "replacement_until", DeadlineKind.REPLACEMENT),
    mediation.EvidenceRequested: Notice(
        "evidence_requested", "party", "evidence_until", DeadlineKind.EVIDENCE, ("S54", "T14")
    ),
    mediation.DecisionIssued: Notice("decision_issued", BOTH, "appeal_until", DeadlineKind.APPEAL, ("S54", "S55")),
    mediation.AppealDecided: Notice("appeal_decided", BOTH),
    mediation.ClawbackRequested: _of_a_dispute("clawback_requested", "goodwill_asked", "party"),
    mediation.ClawbackNotDue: Notice("clawback_withdrawn", "party", rules=("S54", "K19")),
    clawbacks.ClawbackSettled: _of_a_dispute("clawback_settled", "goodwill_settled", "party"),
    clawbacks.ClawbackFailed: _of_a_dispute("clawback_failed", "goodwill_failed", "told"),
    repayments.LateArrivalReported: Notice("late_arrival", "told", rules=("S54", "S65")),
    repayments.RepaymentAgreed: Notice("repayment_agreed", "told", rules=("S54", "S65")),
    repayments.RepaymentReceived: Notice("repayment_received", (BUYER,), rules=("S54", "S65")),
    GoodwillGranted: Notice("goodwill_granted", (BUYER,), rules=("S54", "S20")),
    GoodwillReplacementGranted: Notice("replacement_granted", (BUYER,), rules=("S54", "S20")),
    GoodwillReplacementShipped: Notice("replacement_shipped", (BUYER,), rules=("S54", "S20")),
    GoodwillReplacementReceived: Notice("replacement_received", (SELLER,), rules=("S54", "S20")),
    warranty.WarrantyClaimOpened: Notice("warranty_claimed", (SELLER,), rules=("S54", "T41")),
    warranty.WarrantyAssessed: Notice("warranty_assessed", BOTH, rules=("S54", "T41")),
    warranty.WarrantyFulfilled: Notice("warranty_fulfilled", (BUYER,), rules=("S54", "T41")),
    CarrierScanAdded: Notice("carrier_scan_added", BOTH, rules=("S54", "K9")),
    ExternalChargebackOpened: Notice("chargeback_opened", BOTH, rules=("S54", "S103")),
    ExternalChargebackResolved: Notice("chargeback_resolved", BOTH, rules=("S54", "S103")),
    MessagePosted: Notice("message_posted", "told", rules=("S54", "S44")),
    events.DisputeClosed: Notice("dispute_closed", BOTH, rules=("S54", "S52")),
}
"""By event of a dispute or a warranty claim, a seller's goodwill, and what an order hears of a bank; texts for a
new kind stand in `shared/notifications/texts/`.
"""

_WITH_ANOTHER = "another event of the same append tells it"
_OF_THE_TEAM = "it is the case team's own affair"
_NOTHING_TO_DO = "nobody has to act on it, and what follows is told"
SILENT: Mapping[type[Event], str] = {
    events.SolutionProposed: _WITH_ANOTHER,
    events.SellerResponseTimedOut: _WITH_ANOTHER,
    events.SolutionAccepted: _WITH_ANOTHER,
    events.BuyerResponseTimedOut: _WITH_ANOTHER,
    events.NegotiationTimedOut: _WITH_ANOTHER,
    events.CancellationNoted: "the refund service tells of the money, and the closing is told",
    events.DisputeCancelled: _WITH_ANOTHER,
    events.ReturnDue: "the return-label service tells of the return",
    events.ReturnNotDue: "the buyer asked for it, and the closing is told",
    events.ReturnNoted: "the return-label service tells of the return",
    events.ReplacementShipped: "the parties see it in the dispute, and nobody has to act on it",
    events.ReplacementReceived: "the buyer says so, and the closing is told",
    events.ReplacementOverdue: _WITH_ANOTHER,
    events.ReplacementNotDue: _WITH_ANOTHER,
    events.RefundDue: "the refund service tells of the money",
    events.RefundNoted: "the refund service tells of the money",
    EvidenceAdded: "the parties see it in the dispute, and nobody has to act on it",
    EvidenceRemoved: "the parties see it in the dispute, and nobody has to act on it",
    mediation.CaseClaimed: _OF_THE_TEAM,
    mediation.CaseReleased: _OF_THE_TEAM,
    proposals.ProposalMade: _OF_THE_TEAM,
    proposals.ProposalAgreed: _WITH_ANOTHER,
    proposals.ProposalDeclined: _OF_THE_TEAM,
    proposals.SupportOverrideProposed: _OF_THE_TEAM,
    proposals.SupportOverrideApplied: _WITH_ANOTHER,
    mediation.ReviewOverdue: _OF_THE_TEAM,
    warranty.WarrantyReviewOverdue: _OF_THE_TEAM,
    mediation.AppealReviewOverdue: _OF_THE_TEAM,
    mediation.StatementSubmitted: _NOTHING_TO_DO,
    mediation.EvidenceCompleted: _NOTHING_TO_DO,
    mediation.EvidenceWindowClosed: _NOTHING_TO_DO,
    mediation.ReviewStarted: _NOTHING_TO_DO,
    mediation.Appealed: _NOTHING_TO_DO,
    mediation.AppealWindowClosed: _NOTHING_TO_DO,
    mediation.SurveySubmitted: _NOTHING_TO_DO,
    mediation.SurveyWindowClosed: _NOTHING_TO_DO,
    DeadlineMoved: "the end of the chargeback is told",
}
"""Events of a dispute or a warranty claim that nobody is told of, and why."""
