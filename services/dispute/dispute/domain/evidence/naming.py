"""Naming of evidence: a form names items by id, and what it names is added to its dispute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispute.domain.evidence.items import Items
from dispute.domain.evidence.limits import guard_number, guard_type
from dispute.domain.evidence.state import Evidence, EvidenceState
from shared.events.base import Actor, Event, StreamName
from shared.events.evidence import EvidenceAdded, EvidenceItem
from shared.events.order import Terms
from shared.events.slot import PREFIXES, slot_of_id, slot_of_stream
from shared.rejections import ValidationFailed


@dataclass(frozen=True, slots=True)
class Naming:
    """A form that names items: whose, when, for which dispute, and what the dispute has already."""

    actor: Actor
    by: str
    at: datetime
    dispute_id: str
    order_id: str
    terms: Terms
    escalated: bool = False
    items: Items = Items()


@dataclass(frozen=True, slots=True)
class Named:
    """What follows: the items that the form names, what is new to the dispute, and to each item's stream."""

    items: Sequence[EvidenceItem]
    added: Sequence[EvidenceAdded]
    by_stream: tuple[Sequence[Event], ...]


def named_streams(ids: Sequence[str], beside: str) -> tuple[StreamName, ...]:
    """The streams of the items, each once; what cannot be of the order whose stream `beside` is has none."""
    if not ids:
        return ()
    slot, prefix = slot_of_stream(beside), PREFIXES["evidence"]
    return tuple(StreamName(f"evidence-{name}") for name in dict.fromkeys(ids) if slot_of_id(prefix, name) == slot)


def named(naming: Naming, ids: Sequence[str], beside: str, states: Sequence[Evidence]) -> Named:
    """Adds what is not there yet; ValidationFailed at an id that is none, or of nobody's here (S30)."""
    if not ids:
        return Named([], [], ())
    streams = named_streams(ids, beside)
    by_id = {stream.name.removeprefix("evidence-"): state for stream, state in zip(streams, states, strict=True)}
    added = []
    for place, name in enumerate(ids):
        evidence = by_id.get(name)
        if name in ids[:place]:
            raise ValidationFailed.at(f"/evidence/{place}", "repeated", "named twice", "S30")
        if evidence is None or not _is_named_rightly(naming, evidence):
            raise ValidationFailed.at(f"/evidence/{place}", "unknown_evidence", "no such upload", "S30")
        if evidence.state == EvidenceState.UNATTACHED:
            guard_type(naming.terms, naming.escalated, evidence.item.sent_as, f"/evidence/{place}")
            added.append(addition(naming.dispute_id, evidence.item, naming.at))
    guard_number(naming.terms, len(naming.items.standing(naming.by)), len(added))
    by_stream = tuple([event for event in added if event.item is state.item] for state in by_id.values())
    return Named([by_id[name].item for name in ids], added, by_stream)


def addition(dispute_id: str, item: EvidenceItem, at: datetime) -> EvidenceAdded:
    """The item becomes part of the dispute."""
    return EvidenceAdded(dispute_id=dispute_id, item=item, added_at=at, rules=("T11",))


def _is_named_rightly(naming: Naming, evidence: Evidence) -> bool:
    if not evidence.is_of(naming.actor) or evidence.item.by != naming.by:
        return False
    if evidence.state == EvidenceState.ATTACHED:
        return evidence.dispute_id == naming.dispute_id
    uploaded = evidence.uploaded
    in_time = naming.at < uploaded.expires_at
    return evidence.state == EvidenceState.UNATTACHED and uploaded.order_id == naming.order_id and in_time
