"""Deadlines = log: what the events start, move and clear has its row, and nothing that is wanted is without one.

An append writes its rows in its own transaction, so this is exact at any moment, also while the log grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ops.audit.check import Check
from ops.audit.entry import Data, Entry, instant

Due = Mapping[str, datetime]
"""Instants by kind of deadline."""


class DueRow(NamedTuple):
    """A row of the table: when its stream is asked, and the key under which the answer is recorded."""

    due_at: datetime
    key: str


LATE_AFTER = timedelta(seconds=60)
"""Domain time after which a deadline that still stands is late: twelve times what a healthy loop takes."""

PROTECTION = {"protection_end": "protection_ends_at"}
SETTLED = ("seller_response", "buyer_response", "negotiation", "evidence", "review")
ENDED = (*SETTLED, "appeal", "appeal_review", "replacement")
DISPUTE = (*ENDED, "survey")
"""What ends when a dispute is settled, when it is closed, and when it begins anew or its order is cancelled."""
RETURN = ("label_order", "return_shipment", "return_transit", "return_inspection")
PAY, SETTLEMENT = "pay:{refund_id}", "bank_settlement:{refund_id}"
CANCELLATION = "label_cancellation:{label_id}"
REMINDER, EXPIRY = "reminder:{deadline}:{role}", "evidence_expiry"
AHEAD = frozenset({"DeadlineMoved", "NotificationRequested", "ReminderSent", "RepresentmentDue"})
"""Events that name an instant to come."""
STARTS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("OrderRegistered", "OrderPaid", "OrderShipped", "OrderDelivered"), PROTECTION),
    **dict.fromkeys(("OrderFinished", "DeliveryCorrected"), PROTECTION),
    "ProtectionExpired": {"release": "release_at"},
    "DisputeOpened": {"seller_response": "respond_by"},
    "SellerResponded": {"buyer_response": "answer_by", "negotiation": "negotiate_until"},
    "RequestModified": {"seller_response": "respond_by"},
    "SolutionReached": {"replacement": "replacement_until"},
    "EvidenceUploaded": {EXPIRY: "expires_at"},
    **dict.fromkeys(("Escalated", "EvidenceRequested"), {"evidence": "evidence_until"}),
    **dict.fromkeys(("ReviewStarted", "ReviewOverdue"), {"review": "review_until"}),
    "DecisionIssued": {"appeal": "appeal_until", "survey": "survey_until"},
    **dict.fromkeys(("Appealed", "AppealReviewOverdue"), {"appeal_review": "review_until"}),
    "AppealDecided": {"survey": "survey_until"},
    **dict.fromkeys(("WarrantyClaimOpened", "WarrantyReviewOverdue"), {"warranty_assessment": "review_until"}),
    "RefundApproved": {PAY: "pay_at"},
    "RefundRetried": {PAY: "pay_at"},
    "RefundFailed": {PAY: "retry_at"},
    "RefundIssued": {SETTLEMENT: "expected_until"},
    "ReturnLabelOrdered": {"label_order": "ordered_at"},
    "ReturnLabelCancellationOrdered": {CANCELLATION: "ordered_at"},
    "ReturnRequested": {"seller_response": "respond_by"},
    "ReturnDenied": {"return_dispute": "dispute_until"},
    "ReturnAuthorized": {"return_shipment": "ship_by"},
    **dict.fromkeys(("ReturnShipped", "ReturnTransitOverdue"), {"return_transit": "transit_alarm_at"}),
    "ReturnReceived": {"return_inspection": "inspect_by"},
    "DeadlineMoved": {"{kind}": "due_at"},
}
"""By event: the kinds that it starts or moves, each with the member that holds the instant."""
CLEARS: Mapping[str, tuple[str, ...]] = {
    "ProtectionExpired": ("protection_end",),
    "OrderCompleted": ("protection_end", "release"),
    "OrderCancelled": ("protection_end", "release"),
    "SellerResponded": ("seller_response",),
    "RequestModified": ("buyer_response", "negotiation"),
    **dict.fromkeys(("SolutionReached", "DecisionIssued"), SETTLED),
    **dict.fromkeys(("Escalated", "CancellationNoted"), DISPUTE),
    "DisputeClosed": ENDED,
    "EvidenceRequested": ("review",),
    "ExternalChargebackOpened": ("protection_end", "release", *SETTLED, "appeal", "appeal_review"),
    "EvidenceWindowClosed": ("evidence",),
    "AppealWindowClosed": ("appeal",),
    **dict.fromkeys(("ReplacementReceived", "ReplacementNotDue"), ("replacement",)),
    "AppealDecided": ("appeal_review",),
    "WarrantyAssessed": ("warranty_assessment",),
    "SupportOverrideApplied": (*SETTLED, "appeal", "appeal_review"),
    **dict.fromkeys(("SurveySubmitted", "SurveyWindowClosed"), ("survey",)),
    **dict.fromkeys(("EvidenceAdded", "EvidenceRemoved", "EvidenceExpired"), (EXPIRY,)),
    **dict.fromkeys(("RefundIssued", "RefundPartIssued"), (PAY,)),
    **dict.fromkeys(("RefundSentToManual", "RefundHeld"), (PAY,)),
    "RefundSettlementOverdue": (SETTLEMENT,),
    "ReminderSent": (REMINDER,),
    **dict.fromkeys(("ReturnLabelIssued", "ReturnLabelDenied"), ("label_order",)),
    **dict.fromkeys(("ReturnLabelCancelled", "ReturnLabelNotCancelled"), (CANCELLATION,)),
    "ReturnShipped": ("label_order", "return_shipment"),
    "ReturnReceived": ("label_order", "return_shipment", "return_transit"),
    **dict.fromkeys(("ReturnAuthorized", "ReturnDenied"), ("seller_response",)),
    **dict.fromkeys(("ReturnDisputed", "ReturnDenialFinal"), ("return_dispute",)),
    **dict.fromkeys(("ReturnLabelVoided", "ReturnLapsed", "ReturnLost"), RETURN),
    **dict.fromkeys(("ReturnInspected", "InspectionTimedOut"), RETURN),
    "ReturnHeld": ("seller_response", "return_dispute", "return_shipment", "return_transit", "return_inspection"),
}
"""By event: the kinds that it ends; `release` ends with the release of a whole order too."""


def reminders(data: Data) -> dict[str, datetime]:
    """The reminders that an event sets, and no others stand then."""
    named = ((REMINDER.format_map(each), instant(each["remind_at"])) for each in data["reminders"])
    return {kind: due_at for kind, due_at in named if due_at}


class Started:
    """The rows of one stream, as its events call for them."""

    def __init__(self) -> None:
        self.due: dict[str, datetime] = {}
        self.early: list[str] = []

    def add(self, entry: Entry) -> None:
        """The stream's next event."""
        self._note_early(entry)
        parts = _of_parts(entry.data)
        for kind in CLEARS.get(entry.name, ()):
            for data in parts:
                self.due.pop(_filled(kind, data), None)
        if entry.name == "PaymentReleased" and not entry.data["dispute_id"]:
            self.due.pop("release", None)
        if _ends_window(entry):
            self.due.pop(SETTLEMENT.format_map(entry.data), None)
        if entry.name == "RemindersSet":
            self.due = reminders(entry.data)
        for kind, member in STARTS.get(entry.name, {}).items():
            if due_at := instant(entry.data.get(member)):
                self.due |= {_filled(kind, data): due_at for data in parts}

    def _note_early(self, entry: Entry) -> None:
        """A timer's event names the instant that had come."""
        due_at = instant(entry.data.get("due_at")) if entry.name not in AHEAD else None
        decided_at = instant(entry.metadata["at"])
        if due_at and decided_at and decided_at < due_at:
            self.early.append(f"{entry.id} at {decided_at.isoformat()}, due {due_at.isoformat()}")


class DeadlineCheck:
    """Compares the rows of one stream after the other; `now` is the domain's, None where nobody tells it."""

    def __init__(self, service: str, now: datetime | None) -> None:
        self.check = Check.of(f"deadlines {service}", "missing", "extra", "different", "rekeyed", "late", "early")
        self.check.see("rows", 0)
        self._now = now

    def compare(self, last: Entry, started: Started, wanted: Due, rows: Mapping[str, DueRow]) -> None:
        """One stream by its last event: what its events started, what its state waits for, and the rows of the same
        moment.
        """
        stream = last.stream
        self.check.see("rows", len(rows))
        for kind, due_at in wanted.items():
            if kind not in rows:
                self.check.fault("missing", f"{kind} of {stream} due {due_at.isoformat()}")
        for _ in started.due.keys() - rows.keys() - wanted.keys():
            self.check.see("consumed")
        for kind, row in rows.items():
            self._row(f"{kind} of {stream}", row, started.due.get(kind), last.key)
        for example in started.early:
            self.check.fault("early", example)

    def strange(self, stream: str, kind: str) -> None:
        """A row of a stream that no log has."""
        self.check.see("rows")
        self.check.fault("extra", f"{kind} of {stream}")

    def _row(self, name: str, row: DueRow, called: datetime | None, key: str) -> None:
        due_at = row.due_at
        if row.key != key:
            self.check.fault("rekeyed", f"{name} has key {row.key} and not {key}")
        if called is None:
            self.check.fault("extra", f"{name} due {due_at.isoformat()}")
        elif called != due_at:
            self.check.fault("different", f"{name} due {due_at.isoformat()}, in the log {called.isoformat()}")
        elif self._now and due_at < self._now - LATE_AFTER:
            self.check.fault("late", f"{name} due {due_at.isoformat()}")


def _ends_window(entry: Entry) -> bool:
    """Whether no bank's word is awaited any more: all of the money is there, or some of it came back."""
    step = entry.data.get("part") if entry.name == "RefundSettled" else None
    whole = entry.name == "RefundSettled" and (step is None or step["refund_state"] == "settled")
    return whole or entry.name == "RefundReturnedByBank"


def _of_parts(data: Data) -> Sequence[Data]:
    """The event once for each part that it is about of a refund that several payments give."""
    step, names = data.get("part"), data.get("part_ids") or ()
    return [{**data, "refund_id": name} for name in ([step["part_id"]] if step else names)] or [data]


def _filled(kind: str, data: Data) -> str:
    return kind.format_map(data) if "{" in kind else kind
