"""Keeping of evidence without a dispute: what a report or a warranty claim names of an order's files stays (S30)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from dispute.domain.commands import OrderCommand
from dispute.domain.evidence.naming import named_streams
from dispute.domain.evidence.state import Evidence, EvidenceState
from shared.events.base import Event, StreamName
from shared.events.evidence import EvidenceAdded
from shared.events.fields import EvidenceIds
from shared.rejections import ValidationFailed


class KeepingEvidence(OrderCommand):
    """Base of the commands that name files which the buyer has sent for the order."""

    evidence: EvidenceIds = ()

    @cached_property
    def named(self) -> Sequence[StreamName]:
        """The streams of the files."""
        return named_streams(self.evidence, f"order-{self.order_id}")


def kept(
    command: KeepingEvidence,
    states: Sequence[Evidence],
    rule: str,
    report_id: str | None = None,
    warranty_id: str | None = None,
) -> tuple[Sequence[Event], ...]:
    """To each file's stream: what no form had named yet belongs to what names it now, so that it does not run out.

    ValidationFailed where one is named twice, is not the sender's own of this order, or is gone.
    """
    items = {stream.name.removeprefix("evidence-"): item for stream, item in zip(command.named, states, strict=True)}
    for place, name in enumerate(command.evidence):
        if name in command.evidence[:place]:
            raise ValidationFailed.at(f"/evidence/{place}", "repeated", "named twice", "S30")
        if (item := items.get(name)) is None or not _stands(command, item):
            raise ValidationFailed.at(f"/evidence/{place}", "unknown_evidence", "no such upload", "S30")
    named_by = {"dispute_id": None, "report_id": report_id, "warranty_id": warranty_id}
    return tuple(
        [EvidenceAdded(item=item.item, added_at=command.at, rules=(rule,), **named_by)]
        if item.state == EvidenceState.UNATTACHED
        else []
        for item in items.values()
    )


def _stands(command: KeepingEvidence, item: Evidence) -> bool:
    if not item.is_of(command.actor) or item.uploaded.order_id != command.order_id:
        return False
    waits = item.state == EvidenceState.UNATTACHED and command.at < item.uploaded.expires_at
    return waits or item.state == EvidenceState.ATTACHED
