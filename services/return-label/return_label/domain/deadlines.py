"""Deadlines of a return: their kinds, and how long each step may take."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shared.events.calendar import within_business_days, within_days
from shared.events.return_label import ReturnRequested


class DeadlineKind(StrEnum):
    """A deadline of a return; it has at most one of each kind."""

    RESPONSE = "seller_response"
    """D1: then the seller has not answered for what it offered, which is a denial."""
    DISPUTE = "return_dispute"
    """Then nobody has disputed the seller's denial, and it is final (T27x)."""
    LABEL = "label_order"
    """A label that was ordered: the carrier is to be asked for it."""
    CANCELLATION = "label_cancellation"
    """A label that no return goes with any more, each by its id: its carrier is to be asked to take it back."""
    SHIPMENT = "return_shipment"
    """D9: then nothing was sent, and the return lapses."""
    TRANSIT = "return_transit"
    """D10: then the goods are on their way for too long."""
    INSPECTION = "return_inspection"
    """D11: then nobody has inspected them, and they count as passed."""


def cancellation_of(label_id: str) -> str:
    """The deadline of one label's cancellation."""
    return f"{DeadlineKind.CANCELLATION}:{label_id}"


def label_in(kind: str) -> str:
    """The label whose cancellation a deadline stands for."""
    return kind.partition(":")[2]


def response_due(at: datetime, days: int, timezone: str) -> datetime:
    """D1: until when the seller answers for what it offered to take back."""
    return within_days(at, days, timezone)


def dispute_due(terms: ReturnRequested, at: datetime) -> datetime:
    """Until when a denial by the seller may be disputed: the buyer's days to answer a seller (D2, T27x)."""
    assert terms.dispute_days is not None
    return within_days(at, terms.dispute_days, terms.timezone)


def ship_due(at: datetime, days: int, timezone: str) -> datetime:
    """D9: until when an authorised return is to be sent."""
    return within_days(at, days, timezone)


def transit_alarm_due(terms: ReturnRequested, at: datetime) -> datetime:
    """D10: when goods on their way back have taken too long, counted from the shipment, and again from each alarm."""
    return within_days(at, terms.transit_alarm_days, terms.timezone)


def inspection_due(terms: ReturnRequested, received_at: datetime) -> datetime:
    """D11: until when goods that have arrived are to be inspected, in business days."""
    return within_business_days(received_at, terms.inspect_bd, terms.timezone)
