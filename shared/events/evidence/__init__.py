"""Events of evidence: an item that a party sent, and the dispute that it is added to. These names are storage: never
rename one. The bytes are beside the log, and a caption is a row that its `ref` names.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.open_enums import Open
from shared.events.order import Pieces


class EvidenceKind(StrEnum):
    """What an item is."""

    IMAGE = "image"
    VIDEO = "video"
    SCAN = "scan"


class EvidencePurpose(StrEnum):
    """What its sender wants to show by it."""

    ITEM = "item"
    PACKAGING = "packaging"
    SHIPPING_LABEL = "shipping_label"
    ADDRESS_MISMATCH = "address_mismatch"
    CONVERSATION = "conversation"
    INSPECTION = "inspection"
    OTHER = "other"


class EvidenceItem(Value):
    """What was kept of a file; `sent_as` is the type that it came as, `sha256` the digest of what is kept."""

    evidence_id: str
    by: str
    kind: Open[EvidenceKind]
    purpose: Open[EvidencePurpose]
    sent_as: str
    media_type: str
    size: int
    width: int
    height: int
    seconds: int | None
    sha256: str
    caption_ref: str | None
    sent_at: Instant


class EvidenceUploaded(Event):
    """A party of the order sent a file; until `expires_at` a form may name it (S30)."""

    order_id: str
    party_id: str
    item: EvidenceItem
    expires_at: Instant
    rules: tuple[str, ...]


class EvidenceAdded(Event):
    """The item is part of the dispute: in the item's stream and in the dispute's; or of the report or
    the warranty claim that names it.
    """

    dispute_id: str | None
    report_id: str | None = None
    warranty_id: str | None = None
    item: EvidenceItem
    added_at: Instant
    rules: tuple[str, ...]


class CarrierScanAdded(Event):
    """A carrier tells of a delivery of goods that a dispute says never came: evidence of its own, which decides nothing
    (K9). `lines` are the pieces in dispute that have come by it, `parcels` those that they were in.
    """

    dispute_id: str
    evidence_id: str
    delivered_at: Instant
    parcels: tuple[str, ...]
    lines: tuple[Pieces, ...]
    added_at: Instant
    rules: tuple[str, ...]


class EvidenceRemoved(Event):
    """Who sent it took it back (S37): its bytes are shown no more, that it was there is."""

    evidence_id: str
    dispute_id: str | None
    removed_at: Instant
    rules: tuple[str, ...]


class EvidenceExpired(Event):
    """No form named it until `due_at`."""

    evidence_id: str
    due_at: Instant
    rules: tuple[str, ...]


class EvidenceViewed(Event):
    """Somebody took its bytes to look at: once for each viewer and day."""

    evidence_id: str
    viewer: str
    role: str
    viewed_at: Instant
    rules: tuple[str, ...]


EvidenceEvent = EvidenceUploaded | EvidenceAdded | EvidenceRemoved | EvidenceExpired | EvidenceViewed
