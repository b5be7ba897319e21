"""Webhooks in Stripe's shapes: events about refunds, and about disputes, as Stripe calls chargebacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from refund.webhooks.stripe import OPEN

Json = dict[str, Any]
CREATED, LATER = 1_772_445_600, 1_772_532_000
"""2 March 2026 and a day later, ten o'clock."""
CLOSED = ("won", "lost")
INQUIRIES = ("warning_needs_response", "warning_under_review", "warning_closed", "prevented")
DISPUTE: Mapping[str, Any] = {
    "object": "dispute",
    "id": "du_1",
    "amount": 10_000,
    "balance_transactions": [],
    "charge": "ch_1",
    "created": CREATED,
    "currency": "usd",
    "enhanced_eligibility_types": [],
    "evidence": {"enhanced_evidence": {}},
    "evidence_details": {"due_by": LATER, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False}
    | {"submission_count": 0},
    "is_charge_refundable": False,
    "livemode": True,
    "metadata": {},
    "payment_intent": "o1",
    "reason": "product_not_received",
    "status": "needs_response",
}


def message(kind: str, about: Mapping[str, Any], event_id: str = "evt_1") -> Json:
    """An event of this kind, made a day after what it is about."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": "2026-02-25.clover",
        "created": LATER,
        "data": {"object": dict(about)},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def messages(refunds: Iterable[Mapping[str, Any]]) -> Iterator[Json]:
    """One about each of these refunds, and one about a dispute in each of its statuses."""
    for made in refunds:
        yield message("refund.failed" if made["status"] == "failed" else "refund.updated", made)
    yield message("charge.dispute.created", DISPUTE)
    for status in (*OPEN, *INQUIRIES):
        yield message("charge.dispute.updated", {**DISPUTE, "status": status})
    for status in CLOSED:
        yield message("charge.dispute.closed", {**DISPUTE, "status": status})
