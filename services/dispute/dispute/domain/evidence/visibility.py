"""Visibility of evidence: who sees an item and its bytes, by where it stands. What is not listed here nobody sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from dispute.domain.evidence.state import Evidence, EvidenceState
from dispute.domain.orders.state import Order
from shared.events.base import Actor
from shared.parties import Parties
from shared.rejections import NotFound


class Viewer(StrEnum):
    """Who looks: who sent it, a party of its dispute, one of the platform's people who judge."""

    SENDER = "sender"
    PARTY = "party"
    STAFF = "staff"


class Part(StrEnum):
    """What can be looked at: what is told of it, or what it shows."""

    ITEM = "item"
    BYTES = "bytes"


_ALL, _TOLD = frozenset(Part), frozenset({Part.ITEM})

SEEN: Mapping[EvidenceState, Mapping[Viewer, frozenset[Part]]] = {
    EvidenceState.UNATTACHED: {Viewer.SENDER: _ALL},
    EvidenceState.ATTACHED: {Viewer.SENDER: _ALL, Viewer.PARTY: _ALL, Viewer.STAFF: _ALL},
    EvidenceState.REMOVED: {Viewer.SENDER: _TOLD, Viewer.PARTY: _TOLD, Viewer.STAFF: _TOLD},
    EvidenceState.EXPIRED: {Viewer.SENDER: _TOLD},
}
JUDGES = frozenset({"case_team", "support"})
PARTIES = frozenset({"buyer", "seller"})


def looks_as(evidence: Evidence, actor: Actor, dispute_id: str | None, parties: Parties) -> frozenset[Viewer]:
    """As whom the actor looks at it: through a dispute or a warranty claim, whose parties these are, or through its
    order.
    """
    found = {Viewer.SENDER} if evidence.is_of(actor) else set()
    of_dispute = dispute_id is not None and evidence.dispute_id == dispute_id
    of_report = dispute_id is None and evidence.report_id is not None
    of_claim = dispute_id is None and evidence.warranty_id is not None
    roles = parties.acting(actor)
    if (of_dispute or of_claim) and roles & PARTIES:
        found.add(Viewer.PARTY)
    if (of_dispute or of_report or of_claim) and roles & JUDGES:
        found.add(Viewer.STAFF)
    return frozenset(found)


def parties_of(evidence: Evidence, order: Order) -> Parties:
    """Whose affair an item of the order is: of a warranty claim's the seller of the claim's line alone."""
    if not evidence.warranty_id:
        return order.parties
    claimed = order.lines[order.warranties[evidence.warranty_id].line_id]
    return replace(order.parties, seller_ids={claimed.seller_id})


def visible_role(viewers: frozenset[Viewer], evidence: Evidence, part: Part) -> Viewer:
    """As whom the part is seen; NotFound where the list does not name it."""
    listed = SEEN.get(evidence.state, {}) if evidence.state else {}
    for viewer in Viewer:
        if viewer in viewers and part in listed.get(viewer, ()):
            return viewer
    raise NotFound("There is no such evidence.")
