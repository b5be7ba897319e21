"""Appeal: either party once, within seven days of the decision (T17, T19, S55)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.deadlines import ExpireDeadline, appeal_review_due
from dispute.domain.disputes.ending import ended_if_over
from dispute.domain.disputes.evidence import NamingEvidence, shown_by
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event, Personal
from shared.events.fields import EvidenceIds, Text
from shared.events.mediation import Appealed, AppealReviewOverdue, AppealWindowClosed
from shared.rejections import guard_text


class AppealDecision(NamingEvidence):
    """A ground in words is required, new evidence is not (G14)."""

    ground: Annotated[str, Text(4000)]
    evidence: EvidenceIds = ()

    @property
    def ground_ref(self) -> str:
        return text_ref(self, "ground")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, ground=self.ground)


def appeal(command: AppealDecision, dispute: Dispute, _: Order, *evidence: Evidence) -> Decided:
    """The first appeal starts the review's time (D8); the other party may still join (S55)."""
    guard(Step.APPEAL, dispute, command.actor, command.at)
    guard_text(ground=command.ground)
    by, first = dispute.parties.side_of(command.actor), not dispute.case.appeals
    shown = shown_by(command, dispute, by, evidence)
    appealed = Appealed(
        dispute_id=command.dispute_id,
        by=by,
        ground_ref=command.ground_ref,
        evidence=command.evidence,
        appealed_at=command.at,
        review_until=appeal_review_due(dispute.terms, command.at) if first else None,
        rules=("S55", "T17"),
    )
    return [*shown.added, appealed], [], *shown.by_stream


def appeal_window_over(command: ExpireDeadline, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """D6: what was decided stands; the dispute closes if it is carried out (T19, T33)."""
    over = AppealWindowClosed(dispute_id=dispute.opened.dispute_id, rules=("T19", "S55"))
    return ended_if_over(command, [over], dispute, order)


def appeal_review_overdue(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """D8: an alarm, and nothing is decided by it (T44)."""
    return [
        AppealReviewOverdue(
            dispute_id=dispute.opened.dispute_id,
            due_at=command.due_at,
            review_until=appeal_review_due(dispute.terms, command.at),
            rules=("T44",),
        )
    ]
