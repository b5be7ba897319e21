"""View of an item of evidence: what is told of it, and where its bytes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from dispute.domain.disputes.ending import ruling_of
from dispute.domain.disputes.state import Dispute
from dispute.domain.evidence.state import Evidence, EvidenceState
from shared.events.base import Instant
from shared.events.evidence import CarrierScanAdded, EvidenceItem, EvidenceKind, EvidencePurpose
from shared.events.open_enums import Open
from shared.events.outside.ids import path_of
from shared.views import TextLink, text_link


class ScannedView(TypedDict):
    """So many pieces of a line."""

    line_id: str
    quantity: int | None


class ScanView(TypedDict):
    """What a carrier told: pieces in dispute that were delivered, when, and in which parcels (K9)."""

    delivered_at: Instant
    parcels: Sequence[str]
    lines: Sequence[ScannedView]


class EvidenceView(TypedDict):
    """An item of evidence. `bytes` and `sha256` are those of what is kept, not of the file that came; an item that is
    not attached runs out at `expires_at`. `weight` is what the last decision gave it, from 0 to 3 (G13). A carrier's
    scan is no file: it has `scan` in the place of what a file has.
    """

    id: str
    href: str
    order_id: str
    dispute_id: str | None
    by: str
    kind: Open[EvidenceKind]
    purpose: Open[EvidencePurpose] | None
    media_type: str | None
    bytes: int | None
    width: int | None
    height: int | None
    seconds: int | None
    sha256: str | None
    caption: TextLink | None
    scan: ScanView | None
    state: EvidenceState
    added_at: Instant
    expires_at: Instant | None
    weight: int | None


class FaultView(TypedDict):
    """What would keep a file from being taken."""

    code: str
    detail: str
    rules: Sequence[str]


class PreflightView(TypedDict):
    """What would become of a file; `duplicate_of` is an item of the sender's with the same content."""

    accepted: bool
    media_type: str | None
    bytes: int
    sha256: str | None
    duplicate_of: str | None
    problems: Sequence[FaultView]


def upload_view(evidence: Evidence) -> EvidenceView:
    """An item of an order, for who sent it."""
    uploaded, waits = evidence.uploaded, evidence.state == EvidenceState.UNATTACHED
    base = path_of("v1", "orders", uploaded.order_id, "evidence", evidence.item.evidence_id)
    assert evidence.state
    view = _item(evidence.item, uploaded.order_id, evidence.dispute_id, evidence.state, base, base)
    return {**view, "expires_at": uploaded.expires_at if waits else None}


def item_views(dispute: Dispute, looking: frozenset[str]) -> list[EvidenceView]:
    """The items of a dispute, in the order in which they were added, and then what carriers told; those that were taken
    back are told of, and their captions to who sent them alone (S37).
    """
    base, order_id, evidence = f"/v1/disputes/{dispute.opened.dispute_id}", dispute.opened.order_id, dispute.evidence
    weights, hidden = _weights(dispute), evidence.hidden_captions(looking)
    found: list[EvidenceView] = []
    for item in (event.item for event in evidence.added):
        name = item.evidence_id
        state = EvidenceState.REMOVED if name in evidence.removed else EvidenceState.ATTACHED
        view = _item(item, order_id, dispute.opened.dispute_id, state, f"{base}/evidence/{name}", base)
        view["weight"] = weights.get(name)
        if item.caption_ref in hidden:
            view["caption"] = None
        found.append(view)
    return [*found, *(_scan(dispute, scan, weights.get(scan.evidence_id)) for scan in evidence.scans)]


def _scan(dispute: Dispute, scan: CarrierScanAdded, weight: int | None) -> EvidenceView:
    dispute_id = dispute.opened.dispute_id
    lines: list[ScannedView] = [{"line_id": part.line_id, "quantity": part.quantity} for part in scan.lines]
    return {
        "id": scan.evidence_id,
        "href": f"/v1/disputes/{dispute_id}/evidence/{scan.evidence_id}",
        "order_id": dispute.opened.order_id,
        "dispute_id": dispute_id,
        "by": "carrier",
        "kind": EvidenceKind.SCAN,
        "purpose": None,
        "media_type": None,
        "bytes": None,
        "width": None,
        "height": None,
        "seconds": None,
        "sha256": None,
        "caption": None,
        "scan": {"delivered_at": scan.delivered_at, "parcels": scan.parcels, "lines": lines},
        "state": EvidenceState.ATTACHED,
        "added_at": scan.added_at,
        "expires_at": None,
        "weight": weight,
    }


def _weights(dispute: Dispute) -> Mapping[str, int]:
    """What each item weighed in the platform's last word."""
    ruling = ruling_of(dispute)
    return {item.evidence_id: item.weight for item in ruling.weights} if ruling else {}


def item_view(dispute: Dispute, evidence_id: str, looking: frozenset[str]) -> EvidenceView:
    """One item of the dispute that has it."""
    return next(view for view in item_views(dispute, looking) if view["id"] == evidence_id)


def _item(
    item: EvidenceItem, order_id: str, dispute_id: str | None, state: EvidenceState, href: str, texts: str
) -> EvidenceView:
    return {
        "id": item.evidence_id,
        "href": href,
        "order_id": order_id,
        "dispute_id": dispute_id,
        "by": item.by,
        "kind": item.kind,
        "purpose": item.purpose,
        "media_type": item.media_type,
        "bytes": item.size,
        "width": item.width,
        "height": item.height,
        "seconds": item.seconds,
        "sha256": item.sha256,
        "caption": text_link(texts, item.caption_ref),
        "scan": None,
        "state": state,
        "added_at": item.sent_at,
        "expires_at": None,
        "weight": None,
    }
