"""Rules of deadlines: by kind its id, whom it binds, what it is counted by, and what happens by itself at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dispute.domain.deadlines import DeadlineKind

Unit = Literal["days", "business_days", "hours"]


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """A kind of deadline: `term` is the field of the order's terms that says how many, `parameter` its name in a
    programme.
    """

    rule: str
    party: str | None
    term: str
    parameter: str
    effect: str
    rules: tuple[str, ...]
    unit: Unit = "days"


DEADLINE_RULES: Mapping[str, DeadlineRule] = {
    DeadlineKind.SELLER_RESPONSE: DeadlineRule(
        "D1",
        "seller",
        "seller_response_days",
        "negotiation.seller_response_days",
        "The buyer's request is granted exactly as it was made.",
        ("S39", "S41", "T5"),
    ),
    DeadlineKind.BUYER_RESPONSE: DeadlineRule(
        "D2",
        "buyer",
        "buyer_response_days",
        "negotiation.buyer_response_days",
        "The case team takes the dispute over, or it ends without a refund, as the programme says.",
        ("K17", "T8"),
    ),
    DeadlineKind.EVIDENCE: DeadlineRule(
        "D3",
        None,
        "evidence_days",
        "escalation.evidence_days",
        "The case team's review begins.",
        ("S50", "T13"),
    ),
    DeadlineKind.NEGOTIATION: DeadlineRule(
        "D4",
        None,
        "negotiation_days",
        "negotiation.days",
        "The case team takes the dispute over. It rests while the seller is to answer.",
        ("K16", "T10"),
    ),
    DeadlineKind.REVIEW: DeadlineRule(
        "D5", "case_team", "review_days", "review.days", "An alarm goes off; nothing is decided by itself.", ("T16",)
    ),
    DeadlineKind.APPEAL: DeadlineRule(
        "D6", None, "appeal_days", "appeal.days", "Nobody can appeal the decision any more.", ("S55", "T19")
    ),
    DeadlineKind.SURVEY: DeadlineRule(
        "D7", "buyer", "survey_days", "survey.days", "The survey cannot be answered any more.", ("S56", "T44")
    ),
    DeadlineKind.APPEAL_REVIEW: DeadlineRule(
        "D8",
        "case_team",
        "appeal_review_days",
        "appeal.review_days",
        "An alarm goes off; nothing is decided by itself.",
        ("T44",),
    ),
    DeadlineKind.REPLACEMENT: DeadlineRule(
        "D13",
        "seller",
        "replacement_days",
        "replacement.days",
        "The case team takes the dispute over.",
        ("T40",),
    ),
    DeadlineKind.WARRANTY_ASSESSMENT: DeadlineRule(
        "D14",
        "case_team",
        "warranty_review_days",
        "warranty.review_days",
        "An alarm goes off; nothing is decided by itself.",
        ("T41",),
    ),
    DeadlineKind.PROTECTION_END: DeadlineRule(
        "P",
        None,
        "protection_days",
        "protection.days",
        "No dispute can be opened any more.",
        ("S22", "S24"),
    ),
    DeadlineKind.RELEASE: DeadlineRule(
        "R",
        None,
        "release_delay_hours",
        "protection.release_delay_hours",
        "The seller is paid for every line that nothing holds.",
        ("S24",),
        "hours",
    ),
}
"""By kind, in the order of their ids."""
