"""What an app of a next version writes: its events have the names that are stored, and more in them."""

from __future__ import annotations

from shared.events.base import Event, Instant, Message


class Depot(Message):
    """Where a parcel was seen last."""

    country: str
    scanner: str


class OrderCarrierLost(Event):
    """As today, and where it was seen last."""

    order_id: str
    lost_at: Instant
    last_seen: Depot


class OrderRerouted(Event):
    """A type of event that today nobody knows."""

    order_id: str
    via: Depot


DEPOT = Depot(country="PL", scanner="7")
