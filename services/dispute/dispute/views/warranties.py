"""View of a warranty claim: what is claimed, by which rights, what was found, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from dispute.domain.entitlements.entitlement import EntitlementKind
from dispute.domain.orders.state import Order
from dispute.domain.warranties.assessment import guard_assessing
from dispute.domain.warranties.fulfilment import guard_fulfilling
from dispute.domain.warranties.state import ClaimState, WarrantyClaim
from dispute.views.eligibility import EntitlementView
from shared.actions import Action, Actions, Offer, rendered
from shared.events.base import Actor, Instant
from shared.events.dispute import Payer
from shared.events.open_enums import Open
from shared.events.order import WarrantyNoted, WarrantyStep
from shared.events.outside.ids import path_of
from shared.events.warranty import ClaimedRight, WarrantyResult
from shared.views import LineQuantity, TextLink, text_link


class AssessmentView(TypedDict):
    """What the case team has found, by which right and rules."""

    result: Open[WarrantyResult]
    right: str | None
    rules: Sequence[str]
    text: TextLink | None
    assessed_at: Instant


class FulfilmentView(TypedDict):
    """Who has seen to it, by which parcel or how."""

    by: str
    tracking_number: str | None
    carrier: str | None
    note: TextLink | None
    fulfilled_at: Instant


class WarrantyView(Actions):
    """A warranty claim: `entitlements` are all rights against faults as they stood when it was opened, the best marked
    (K11); `listing_warranty` is what the listing said when it was ordered (S97). Until `due_at` the case team assesses
    it, and `overdue` counts the alarms that went off since.
    """

    id: str
    href: str
    version: int
    order_id: str
    buyer_id: str
    seller_id: str
    lines: Sequence[LineQuantity]
    state: ClaimState
    fault: TextLink | None
    wanted: Open[WarrantyResult] | None
    evidence: Sequence[str]
    entitlements: Sequence[EntitlementView]
    best: str
    listing_warranty: str | None
    opened_at: Instant
    due_at: Instant | None
    overdue: int
    assessment: AssessmentView | None
    fulfilment: FulfilmentView | None


class WarrantyRow(TypedDict):
    """A claim as its order knows it: how far it is."""

    id: str
    href: str
    order_id: str
    line_id: str
    quantity: int
    step: Open[WarrantyStep]
    opened_at: Instant
    noted_at: Instant


class ListedClaim(TypedDict):
    """A claim as lists show it: until `due_at` the case team assesses it, and `overdue` counts the alarms (D14)."""

    id: str
    href: str
    version: int
    order_id: str
    buyer_id: str
    seller_id: str
    lines: Sequence[LineQuantity]
    state: ClaimState
    opened_at: Instant
    due_at: Instant | None
    overdue: int


def listed_claim(row: Mapping[str, Any]) -> ListedClaim:
    """A row of the read model."""
    return {
        "id": row["warranty_id"],
        "href": path_of("v1", "warranties", row["warranty_id"]),
        "version": row["version"],
        "order_id": row["order_id"],
        "buyer_id": row["buyer_id"],
        "seller_id": row["seller_id"],
        "lines": [{"line_id": row["line_id"], "quantity": row["quantity"]}],
        "state": ClaimState(row["state"]),
        "opened_at": row["opened_at"],
        "due_at": row["due_at"],
        "overdue": row["overdue"],
    }


def warranty_view(claim: WarrantyClaim, version: int, actor: Actor) -> WarrantyView:
    """The same for both parties and the platform's people, but for what each may do."""
    opened, href = claim.opened, path_of("v1", "warranties", claim.opened.warranty_id)
    return {
        "id": opened.warranty_id,
        "href": href,
        "version": version,
        "order_id": opened.order_id,
        "buyer_id": opened.buyer_id,
        "seller_id": opened.seller_id,
        "lines": _lines(claim),
        "state": ClaimState(claim.state or ClaimState.OPENED),
        "fault": text_link(href, opened.fault_ref),
        "wanted": opened.wanted,
        "evidence": opened.evidence,
        "entitlements": [_right(right, claim) for right in opened.rights],
        "best": opened.best,
        "listing_warranty": opened.listing_warranty,
        "opened_at": opened.opened_at,
        "due_at": claim.review_until if claim.state == ClaimState.OPENED else None,
        "overdue": len(claim.overdue),
        "assessment": _assessment(claim, href),
        "fulfilment": _fulfilment(claim, href),
        **rendered(_actions(claim, href, actor)),
    }


def texts_of(claim: WarrantyClaim) -> set[str]:
    """The refs of all that was written."""
    assessed, fulfilled = claim.assessed, claim.fulfilled
    refs = {claim.opened.fault_ref, assessed and assessed.text_ref, fulfilled and fulfilled.note_ref}
    return {ref for ref in refs if ref}


def warranty_rows(order: Order, actor: Actor) -> list[WarrantyRow]:
    """All claims of the order that the actor may see: a seller those about the own lines."""
    own_only = order.parties.acting(actor) == {"seller"}
    return [
        _row(note)
        for note in order.warranties.values()
        if not own_only or order.lines[note.line_id].seller_id == actor.id
    ]


def _row(note: WarrantyNoted) -> WarrantyRow:
    return {
        "id": note.warranty_id,
        "href": path_of("v1", "warranties", note.warranty_id),
        "order_id": note.order_id,
        "line_id": note.line_id,
        "quantity": note.quantity,
        "step": note.step,
        "opened_at": note.opened_at,
        "noted_at": note.noted_at,
    }


def _actions(claim: WarrantyClaim, href: str, actor: Actor) -> Sequence[Action]:
    """The next step, for whoever may take it."""

    def assess() -> Offer:
        guard_assessing(claim, actor)
        return Offer(claim.review_until)

    def fulfil() -> Offer:
        guard_fulfilling(claim, actor)
        return Offer()

    return (Action("assess", f"{href}/assessment", assess), Action("fulfil", f"{href}/fulfilment", fulfil))


def _lines(claim: WarrantyClaim) -> list[LineQuantity]:
    return [{"line_id": claim.opened.line_id, "quantity": claim.opened.quantity}]


def _right(right: ClaimedRight, claim: WarrantyClaim) -> EntitlementView:
    """As `eligibility` showed it at that moment; the claim is what uses it."""
    return {
        "kind": EntitlementKind(right.kind),
        "name": right.right,
        "version": right.version,
        "granted": right.granted,
        "code": right.code,
        "rules": right.rules,
        "lines": _lines(claim),
        "opens_at": right.opens_at,
        "ends_at": right.ends_at,
        "payer": Payer(right.payer) if right.payer else None,
        "remedies": right.remedies,
        "best": right.right == claim.opened.best,
        "would_change": [],
        "action": None,
    }


def _assessment(claim: WarrantyClaim, href: str) -> AssessmentView | None:
    if not (assessed := claim.assessed):
        return None
    return {
        "result": assessed.result,
        "right": assessed.right,
        "rules": assessed.rules,
        "text": text_link(href, assessed.text_ref),
        "assessed_at": assessed.assessed_at,
    }


def _fulfilment(claim: WarrantyClaim, href: str) -> FulfilmentView | None:
    if not (fulfilled := claim.fulfilled):
        return None
    return {
        "by": fulfilled.by,
        "tracking_number": fulfilled.tracking_number,
        "carrier": fulfilled.carrier,
        "note": text_link(href, fulfilled.note_ref),
        "fulfilled_at": fulfilled.fulfilled_at,
    }
