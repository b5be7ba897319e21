"""Entries: events as rows of the log, read without any class of the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

Data = Mapping[str, Any]

FIRST_SHAPE = "v1"
NAMES = frozenset(
    """
    OrderRegistered OrderPaid OrderCaptured OrderShipped OrderDelivered OrderFinished DeliveryCorrected OrderCancelled
    OrderCarrierLost TrackingCorrected AccountStatusChanged SellerReported
    PaymentHeld PaymentHoldLifted PaymentReleased ProtectionExpired OrderCompleted RefundNotDue GoodwillGranted
    GoodwillReplacementGranted GoodwillReplacementShipped GoodwillReplacementReceived
    DisputeOpened SellerResponded SolutionProposed SellerResponseTimedOut RequestModified SolutionAccepted
    SolutionReached BuyerResponseTimedOut NegotiationTimedOut Escalated ReturnDue ReturnNotDue RefundDue RefundNoted
    ReturnNoted CancellationNoted DisputeCancelled DisputeClosed DeadlineMoved
    MessagePosted ReplacementShipped ReplacementReceived ReplacementOverdue ReplacementNotDue
    CarrierScanAdded EvidenceUploaded EvidenceAdded EvidenceRemoved EvidenceExpired EvidenceViewed
    CaseClaimed CaseReleased StatementSubmitted EvidenceCompleted EvidenceRequested EvidenceWindowClosed ReviewStarted
    ReviewOverdue DecisionIssued Appealed AppealReviewOverdue AppealDecided AppealWindowClosed ClawbackRequested
    ClawbackNotDue ClawbackSettled ClawbackFailed LateArrivalReported RepaymentAgreed RepaymentReceived
    SurveySubmitted SurveyWindowClosed SupportOverrideProposed SupportOverrideApplied
    BuyerStandingNoted RefundDestinationChosen
    PaymentCaptured RefundRequested RefundRefused RefundApproved RefundIssued RefundFailed RefundRetried
    RefundHeld RefundsFrozen RefundsUnfrozen RepresentmentDue RepresentmentClosed
    ExternalChargebackOpened ExternalChargebackResolved
    RefundPartIssued RefundPaidTwice RefundPartAbandoned RefundSentToManual RefundAbandoned RefundReRequested
    RefundDoubtEnded RefundConfirmed
    ProposalMade ProposalAgreed ProposalDeclined RefundSettled RefundSettlementOverdue RefundReturnedByBank
    ReturnRequested ReturnAuthorized ReturnDenied ReturnDisputed ReturnDenialFinal
    ReturnLabelOrdered ReturnLabelIssued ReturnLabelDenied
    ReturnLabelVoided ReturnShipped ReturnReceived
    ReturnInspected ReturnLapsed ReturnTransitOverdue ReturnLost InspectionTimedOut NotificationRequested
    ReturnLabelGivenBack ReturnTrackingCorrected ReturnHeld ReturnHoldEnded
    ReturnLabelCancellationOrdered ReturnLabelCancelled ReturnLabelNotCancelled
    LabelQuotaTaken LabelQuotaShared LabelQuotaUsed LabelQuotaReleased
    WarrantyNoted WarrantyClaimOpened WarrantyAssessed WarrantyReviewOverdue WarrantyFulfilled
    RemindersSet ReminderSent
    """.split()  # noqa: SIM905
)
"""Every event that the audit has thought of: another one may be anything, so it is a fault and not passed over, unless
its service declares that nothing follows from it.
"""

SCALE = 4
"""Decimals of the audit's own unit of money: no currency has more."""
_LARGEST = 2**63 - 1


class Unreadable(Exception):
    """An event of a type, or with members, that the audit does not know."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log."""

    position: int
    stream: str
    version: int
    key: str
    type: str
    data: Data
    metadata: Data
    recorded_at: datetime
    plain: frozenset[str] = frozenset()
    """Events of its log of which nothing follows."""

    @property
    def id(self) -> str:
        return f"{self.stream}/{self.version}"

    @property
    def name(self) -> str:
        """What happened; Unreadable for a type that the audit does not know."""
        _, _, rest = self.type.partition(".")
        name, _, shape = rest.rpartition(".")
        if not (name in NAMES or name in self.plain) or shape != FIRST_SHAPE:
            raise Unreadable(f"the type {self.type} is not known")
        return name

    @property
    def subject(self) -> str:
        """The stream's name without its category."""
        return self.stream.partition("-")[2]

    @property
    def command_id(self) -> str:
        return str(self.metadata.get("command_id"))


def entry(row: Mapping[str, Any], plain: frozenset[str] = frozenset()) -> Entry:
    """The entry of a row whose JSON is text."""
    return Entry(
        row["position"],
        row["stream"],
        row["version"],
        row["key"],
        row["type"],
        orjson.loads(row["data"]),
        orjson.loads(row["metadata"]),
        row["recorded_at"],
        plain,
    )


def instant(text: str | None) -> datetime | None:
    """The instant that an RFC 3339 text names."""
    return datetime.fromisoformat(text) if text else None


def minor(money: Data) -> int:
    """The amount in units of its last decimal, as the tables hold it."""
    return int(money["amount"].replace(".", ""))


def exponent(money: Data) -> int:
    """How many decimals the amount has."""
    return len(money["amount"].partition(".")[2])


def units(money: Data) -> int:
    """The amount in ten-thousandths, whatever its currency's decimals; Unreadable where they are too many to count."""
    counted = Decimal(money["amount"]).scaleb(SCALE)
    if counted != int(counted) or abs(counted) > _LARGEST:
        raise Unreadable(f"an amount of {money['amount']}")
    return int(counted)


def in_words(counted: int, currency: str) -> str:
    """Ten-thousandths as people write them."""
    return f"{Decimal(counted).scaleb(-SCALE).normalize():f} {currency}"
