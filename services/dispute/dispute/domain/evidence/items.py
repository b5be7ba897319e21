"""Items of a dispute: what each party has added, as the dispute's own stream tells it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from shared.events.evidence import CarrierScanAdded, EvidenceAdded, EvidenceItem, EvidenceRemoved


@dataclass(frozen=True, slots=True)
class Items:
    """All that was added, in order, and which of it was taken back; what a carrier told nobody takes back (K9)."""

    added: tuple[EvidenceAdded, ...] = ()
    removed: frozenset[str] = frozenset()
    scans: tuple[CarrierScanAdded, ...] = ()

    def after(self, event: EvidenceAdded | EvidenceRemoved | CarrierScanAdded) -> Items:
        if isinstance(event, CarrierScanAdded):
            return replace(self, scans=(*self.scans, event))
        if isinstance(event, EvidenceAdded):
            return replace(self, added=(*self.added, event))
        return replace(self, removed=self.removed | {event.evidence_id})

    def standing(self, by: str | None = None) -> Sequence[EvidenceItem]:
        """What was not taken back, of one party or of all."""
        return [
            event.item
            for event in self.added
            if event.item.evidence_id not in self.removed and by in (None, event.item.by)
        ]

    @property
    def to_weigh(self) -> set[str]:
        """The ids of all that a decision has to weigh (G13)."""
        files, scans = self.standing(), self.scans
        return {item.evidence_id for item in files} | {scan.evidence_id for scan in scans}

    def hidden_captions(self, looking: Collection[str]) -> set[str | None]:
        """What was written to items that others than these sides have taken back (S37)."""
        gone = (event.item for event in self.added if event.item.evidence_id in self.removed)
        return {item.caption_ref for item in gone if item.by not in looking}

    def find(self, evidence_id: str) -> EvidenceItem | None:
        """The item, also one that was taken back."""
        return next((event.item for event in self.added if event.item.evidence_id == evidence_id), None)
