"""Deadlines of disputes and orders: their kinds, when each falls due, and the command of the timer that asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared import decider
from shared.events.base import StreamName, StreamOfKey, wire_time
from shared.events.calendar import within_days
from shared.events.ids import derived_id
from shared.events.open_enums import known
from shared.events.order import Anchor, Terms


class DeadlineKind(StrEnum):
    """A deadline of this service; a stream has at most one of each kind."""

    SELLER_RESPONSE = "seller_response"
    """D1: then the seller was silent."""
    BUYER_RESPONSE = "buyer_response"
    """D2: then the buyer was silent."""
    NEGOTIATION = "negotiation"
    """D4: then there was no agreement; it rests while the seller is to answer (T7)."""
    EVIDENCE = "evidence"
    """D3: then nothing more is gathered, and the review starts."""
    REVIEW = "review"
    """D5: then the review takes too long."""
    APPEAL = "appeal"
    """D6: then nobody can appeal any more."""
    SURVEY = "survey"
    """D7: then the survey's time is over."""
    APPEAL_REVIEW = "appeal_review"
    """D8: then the review of the appeal takes too long."""
    REPLACEMENT = "replacement"
    """D13: then nothing has come in the place of the goods."""
    WARRANTY_ASSESSMENT = "warranty_assessment"
    """D14: then the assessment of a warranty claim takes too long."""
    PROTECTION_END = "protection_end"
    """P: until then a dispute may be opened."""
    RELEASE = "release"
    """R: then the seller is paid for what nothing holds."""
    EVIDENCE_EXPIRY = "evidence_expiry"
    """Then no form has named an item of evidence, and it is kept no longer (S30)."""


REMINDER = "reminder"
"""Some hours before a deadline ends: then the side that has to act is told once more (S54)."""

ON_TIME = timedelta(minutes=1)
"""A timer asks within some seconds: what is later was known late."""


def seller_response_due(terms: Terms, at: datetime) -> datetime:
    """D1: five days from a request, also from one that the buyer has changed (S39, S41, S43)."""
    return within_days(at, terms.seller_response_days, terms.timezone)


def buyer_response_due(terms: Terms, at: datetime) -> datetime:
    """D2: five days from the seller's counter-offer or refusal (K17)."""
    return within_days(at, terms.buyer_response_days, terms.timezone)


def negotiation_due(terms: Terms, at: datetime) -> datetime:
    """D4: seven days from the seller's first counter-offer or refusal (K16)."""
    return within_days(at, terms.negotiation_days, terms.timezone)


def evidence_due(terms: Terms, at: datetime) -> datetime:
    """D3: three days from the escalation (S49)."""
    return within_days(at, terms.evidence_days, terms.timezone)


def review_due(terms: Terms, at: datetime) -> datetime:
    """D5: seven days from the start of the review, and again from each alarm (T16)."""
    return within_days(at, terms.review_days, terms.timezone)


def appeal_due(terms: Terms, at: datetime) -> datetime:
    """D6: seven days from the decision (S55)."""
    return within_days(at, terms.appeal_days, terms.timezone)


def survey_due(terms: Terms, at: datetime) -> datetime:
    """D7: fifteen days from the case team's result (S56)."""
    return within_days(at, terms.survey_days, terms.timezone)


def appeal_review_due(terms: Terms, at: datetime) -> datetime:
    """D8: seven days from the first appeal, and again from each alarm (T44)."""
    return within_days(at, terms.appeal_review_days, terms.timezone)


def replacement_due(terms: Terms, at: datetime) -> datetime:
    """D13: thirty days from the agreement or decision, whether or not anything was sent (T40)."""
    return within_days(at, terms.replacement_days, terms.timezone)


@dataclass(frozen=True, slots=True)
class Counted:
    """Days that are counted from an instant: from what, and how many by which of the terms."""

    anchor: str
    anchor_at: datetime
    term: str

    def due(self, terms: Terms) -> datetime:
        """The end of the days."""
        return within_days(self.anchor_at, getattr(terms, self.term), terms.timezone)


DAYS, FALLBACK = "protection_days", "undelivered_fallback_days"


def protection_counted(
    terms: Terms,
    paid_at: datetime | None,
    received_at: datetime | None,
    promised_by: date | None,
    shipped_at: datetime | None,
) -> Counted | None:
    """P: some days from the payment or from the receipt, by programme; until something is received it is provisional,
    from the promised day, else the shipment, else the payment (S22, S27, K3).
    """
    if known(terms.anchor) == Anchor.PAID:
        return Counted("paid", paid_at, DAYS) if paid_at else None
    if received_at:
        return Counted("received", received_at, DAYS)
    if promised_by:
        return Counted("promised", noon(promised_by, terms.timezone), DAYS)
    if shipped_at:
        return Counted("shipped", shipped_at, FALLBACK)
    return Counted("paid", paid_at, FALLBACK) if paid_at else None


def release_due(terms: Terms, protection_ended_at: datetime, now: datetime) -> datetime:
    """R: the release delay after the protection's end, and where that became known late after that: an order may be
    told late, and its facts after it (S24).
    """
    known_at = now if now - protection_ended_at > ON_TIME else protection_ended_at
    return known_at + timedelta(hours=terms.release_delay_hours)


def noon(day: date, timezone: str) -> datetime:
    """An instant of a day that is only known as a day."""
    return datetime.combine(day, time(12), ZoneInfo(timezone)).astimezone(UTC)


ENDING = frozenset({DeadlineKind.BUYER_RESPONSE, DeadlineKind.APPEAL})
"""The deadlines that may end a dispute, and with it the hold on the order's lines."""


class ExpireDeadline(decider.ExpireDeadline):
    """A deadline of a dispute that may end it is decided with its order; a reminder looks whether the dispute still
    waits.
    """

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        if self.kind.startswith(f"{REMINDER}:"):
            dispute = StreamName(f"dispute-{self.stream.removeprefix('reminder-')}")
            return (*super().streams, dispute, StreamName(f"notification-{reminder_of(self)}", self.key))
        order = (StreamOfKey("order"),) if self.kind in ENDING else ()
        return (*super().streams, *order)


def reminder_of(command: decider.ExpireDeadline) -> str:
    """The id of the notification that a reminder becomes at its instant."""
    return derived_id("ntf", command.key, command.stream, command.kind, wire_time(command.due_at))
