"""Events of a warranty claim: what the buyer claims, what the case team finds, what the seller does (T41). These names
are storage: never rename one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.open_enums import Open
from shared.events.order import Remedy


class WarrantyResult(StrEnum):
    """What the case team finds."""

    REPAIR = "repair"
    REPLACE = "replace"
    REFUSED = "refused"


class ClaimedRight(Value):
    """One right against faults as it stood when the claim was opened: granted, or refused by a code and its rules."""

    kind: str
    right: str
    version: int
    granted: bool
    code: str | None
    rules: tuple[str, ...]
    opens_at: Instant | None
    ends_at: Instant | None
    payer: str | None
    remedies: tuple[Open[Remedy], ...]


class WarrantyClaimOpened(Event):
    """A buyer says that goods are faulty, within the time of a right against faults: `rights` are all that were asked
    (K11), and `best` names the one that gives the buyer most. Until `review_until` the case team assesses it (D14).
    """

    warranty_id: str
    order_id: str
    buyer_id: str
    seller_id: str
    line_id: str
    quantity: int
    fault_ref: str
    wanted: Open[WarrantyResult] | None
    evidence: tuple[str, ...]
    rights: tuple[ClaimedRight, ...]
    best: str
    listing_warranty: str | None
    opened_at: Instant
    review_until: Instant
    review_days: int
    timezone: str
    rules: tuple[str, ...]


class WarrantyAssessed(Event):
    """The case team has found what is to be done, by which right, or that nothing is."""

    warranty_id: str
    order_id: str
    result: Open[WarrantyResult]
    right: str | None
    text_ref: str
    assessed_by: str
    assessed_at: Instant
    rules: tuple[str, ...]


class WarrantyReviewOverdue(Event):
    """The assessment takes too long: an alarm, by which nothing is decided."""

    warranty_id: str
    due_at: Instant
    review_until: Instant
    rules: tuple[str, ...]


class WarrantyFulfilled(Event):
    """The seller, or support in the seller's place, has repaired or replaced it: by a parcel, or as the note says."""

    warranty_id: str
    order_id: str
    by: str
    tracking_number: str | None
    carrier: str | None
    note_ref: str | None
    fulfilled_at: Instant
    rules: tuple[str, ...]


WarrantyEvent = WarrantyClaimOpened | WarrantyAssessed | WarrantyReviewOverdue | WarrantyFulfilled
