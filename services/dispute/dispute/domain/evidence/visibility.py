"""Visibility of evidence: who sees an item and its bytes, by where it stands. What is not listed here nobody sees."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from dispute.domain.evidence.state import Evidence, EvidenceState
from shared.events.base import Actor
from shared.parties import NOBODY, Parties
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


def looks_as(evidence: Evidence, actor: Actor, dispute_id: str | None, parties: Parties = NOBODY) -> frozenset[Viewer]:
    """As whom the actor looks at it, through the dispute with these parties or, without one, by itself."""
    found = {Viewer.SENDER} if evidence.is_of(actor) else set()
    if evidence.report_id and not dispute_id:
        found |= {Viewer.STAFF} if actor.roles & JUDGES else set()
    if dispute_id and evidence.dispute_id == dispute_id:
        roles = parties.acting(actor)
        found |= {Viewer.PARTY} if roles & PARTIES else set()
        found |= {Viewer.STAFF} if roles & JUDGES else set()
    return frozenset(found)


def visible_role(viewers: frozenset[Viewer], evidence: Evidence, part: Part) -> Viewer:
    """As whom the part is seen; NotFound where the list does not name it."""
    listed = SEEN.get(evidence.state, {}) if evidence.state else {}
    for viewer in Viewer:
        if viewer in viewers and part in listed.get(viewer, ()):
            return viewer
    raise NotFound("There is no such evidence.")
