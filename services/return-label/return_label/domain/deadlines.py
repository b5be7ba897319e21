"""Deadlines of a return: how long each step may take. They are recorded and shown; none starts a timer yet, so none
ends a return.
"""

from __future__ import annotations

from datetime import datetime

from shared.events.calendar import within_business_days, within_days
from shared.events.return_label import ReturnRequested


def ship_due(at: datetime, days: int, timezone: str) -> datetime:
    """D9: until when an authorised return is to be sent."""
    return within_days(at, days, timezone)


def transit_alarm_due(terms: ReturnRequested, shipped_at: datetime) -> datetime:
    """D10: when goods on their way back have taken too long."""
    return within_days(shipped_at, terms.transit_alarm_days, terms.timezone)


def inspection_due(terms: ReturnRequested, received_at: datetime) -> datetime:
    """D11: until when goods that have arrived are to be inspected, in business days."""
    return within_business_days(received_at, terms.inspect_bd, terms.timezone)
