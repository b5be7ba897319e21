"""What events say: which are facts about money or goods, what is noted of them elsewhere, and how many are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FACTS = frozenset(
    """
    OrderPaid OrderCaptured PaymentReleased OrderCompleted PaymentHeld PaymentHoldLifted RefundDue ReturnDue
    ReturnNotDue RefundNoted ReturnNoted DisputeClosed SolutionReached ClawbackRequested ClawbackNotDue
    ClawbackSettled ClawbackFailed ExternalChargebackOpened ExternalChargebackResolved
    PaymentCaptured RefundRequested RefundRefused RefundApproved RefundIssued RefundFailed RefundSentToManual
    RefundPaidTwice RefundAbandoned RefundPartIssued RefundPartAbandoned RefundReRequested RefundNotDue
    GoodwillGranted RefundReturnedByBank RefundSettlementOverdue RefundDestinationChosen RefundDoubtEnded
    RefundSettled RefundRetried
    ReturnRequested ReturnAuthorized ReturnDenied ReturnDenialFinal ReturnLabelVoided ReturnShipped ReturnReceived
    ReturnInspected
    ReturnLapsed ReturnTransitOverdue ReturnLost InspectionTimedOut MessagePosted NotificationRequested
    RefundConfirmed RefundHeld RefundsFrozen RefundsUnfrozen RepresentmentDue RepresentmentClosed
    WarrantyClaimOpened WarrantyAssessed WarrantyFulfilled
    GoodwillReplacementGranted GoodwillReplacementShipped GoodwillReplacementReceived
    """.split()  # noqa: SIM905
)
"""The events that say something about money or goods, and of what a party is told of it."""

OUTCOMES = {
    "RefundIssued": "issued",
    "RefundRefused": "refused",
    "RefundFailed": "failed",
    "RefundSentToManual": "sent_to_manual",
    "RefundAbandoned": "abandoned",
    "RefundSettled": {"settled": "settled"},
    "RefundSettlementOverdue": "overdue",
    "RefundReturnedByBank": "returned_by_bank",
    "RefundRetried": {True: "tried_again"},
    "RefundDoubtEnded": {"paid": "found_paid", "not_paid": "found_unpaid"},
    "ReturnAuthorized": "authorized",
    "ReturnDenied": "denied",
    "ReturnDenialFinal": "denial_final",
    "ReturnLabelVoided": "voided",
    **{"ReturnShipped": "shipped", "ReturnReceived": "received", "ReturnLapsed": "lapsed"},
    "ReturnInspected": {"pass": "passed", "fail": "failed"},
    "ReturnLost": {True: "lost", False: "lost_by_own_carrier"},
    "InspectionTimedOut": "not_inspected",
}
"""The events that are to be noted, each with the outcome that the note bears, or that by what the event says."""
SAYS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "RefundDoubtEnded": lambda data: data["found"],
    "RefundSettled": lambda data: (data.get("part") or {"refund_state": "settled"})["refund_state"],
    "RefundRetried": lambda data: data.get("sent_back"),
    "ReturnInspected": lambda data: data["result"],
    "ReturnLost": lambda data: data["prepaid"],
}
"""What decides on that outcome."""
TOLD = {
    **dict.fromkeys(("SolutionReached", "DisputeClosed"), 2),
    **dict.fromkeys(("RefundIssued", "RefundFailed", "RefundAbandoned", "RefundDoubtEnded", "ReturnAuthorized"), 1),
    **dict.fromkeys(
        ("RefundPartAbandoned", "RefundSettlementOverdue", "RefundReturnedByBank", "RefundHeld", "GoodwillGranted"), 1
    ),
    **dict.fromkeys(("ReturnRequested", "ReturnDenied"), 1),
    **dict.fromkeys(("GoodwillReplacementGranted", "GoodwillReplacementShipped", "GoodwillReplacementReceived"), 1),
    **{"WarrantyClaimOpened": 1, "WarrantyAssessed": 2, "WarrantyFulfilled": 1},
    **dict.fromkeys(("ReturnLapsed", "ReturnTransitOverdue", "ReturnLost", "InspectionTimedOut"), 2),
    **dict.fromkeys(("ExternalChargebackOpened", "ExternalChargebackResolved"), 2),
}
"""What is told, and to how many; a message says itself to whom, and of a chargeback its order tells."""
