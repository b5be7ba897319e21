"""Scans: what carriers tell of a parcel, in one vocabulary."""

from __future__ import annotations

from enum import StrEnum


class ScanKind(StrEnum):
    """What a carrier tells of a parcel."""

    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"
