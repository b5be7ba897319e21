"""Evidence of an inspection: what whoever had the goods has sent, part of the dispute that its findings lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.evidence.naming import addition
from dispute.domain.evidence.state import Evidence, EvidenceState
from shared.events.base import Event
from shared.events.dispute import DisputeOpened

WAREHOUSE = "warehouse"
"""As whom a warehouse sends evidence."""


def shown_at_inspection(
    opened: DisputeOpened, evidence: Sequence[Evidence], at: datetime
) -> tuple[Sequence[Event], ...]:
    """For each item that the inspection names: its addition, or nothing where it is not the inspector's, or gone."""
    return tuple(
        [addition(opened.dispute_id, item.item, at)] if _is_shown(opened, item, at) else [] for item in evidence
    )


def _is_shown(opened: DisputeOpened, evidence: Evidence, at: datetime) -> bool:
    if evidence.state is not EvidenceState.UNATTACHED:
        return False
    uploaded = evidence.uploaded
    own = uploaded.party_id == opened.seller_id or uploaded.item.by == WAREHOUSE
    return own and uploaded.order_id == opened.order_id and at < uploaded.expires_at
