"""View of the case team's queue: a dispute's row, what falls due, and who has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from dispute.domain.disputes.state import DisputeState
from dispute.views.disputes.case_members import Assignment
from dispute.views.disputes.dispute import dispute_row
from dispute.views.disputes.members import DisputeRow
from shared.events.base import Actor

DueKind = Literal["evidence", "review", "appeal_review"]
DUE_KINDS: Mapping[str, DueKind] = {
    DisputeState.ESCALATED: "evidence",
    DisputeState.UNDER_REVIEW: "review",
    DisputeState.APPEAL_REVIEW: "appeal_review",
}
"""By state: the deadline that `due_at` is."""


class QueueRow(DisputeRow):
    """A case that waits; `conflict` says that the reader is a party of the order, cannot decide it, and is not told who
    does (G15), `two_person` that somebody's proposal waits for another's word. `looking` are those who have it open,
    whom nothing tells of yet.
    """

    due_kind: DueKind
    assignment: Assignment | None
    looking: Sequence[str]
    conflict: bool
    two_person: bool


def queue_row(row: Mapping[str, Any], actor: Actor, now: datetime) -> QueueRow:
    """A row of the queue, as the reader sees it now."""
    conflict = actor.id in (row["buyer_id"], row["seller_id"])
    reviewer, until = (None, None) if conflict else (row["reviewer"], row["proposed_until"])
    return {
        **dispute_row(row, actor),
        "due_kind": DUE_KINDS[row["state"]],
        "assignment": {"reviewer": reviewer, "since_at": row["reviewed_since"]} if reviewer else None,
        "looking": (),
        "conflict": conflict,
        "two_person": until is not None and now < until,
    }
