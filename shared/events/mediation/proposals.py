"""Events of what takes two persons: one proposes, another agrees or declines. These names are storage: never rename
one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.mediation import AppealOutcome, Ruling
from shared.events.open_enums import Open


class ProposalKind(StrEnum):
    """What one person proposes, and another has to agree to."""

    DECISION = "decision"
    APPEAL_DECISION = "appeal_decision"
    RETRY = "retry"


class ProposalMade(Event):
    """One person wants this, until `expires_at`; it takes another one's word. A ruling is there whole, `decision` is
    what it makes of the one before.
    """

    proposal_id: str
    kind: Open[ProposalKind]
    order_id: str
    dispute_id: str | None = None
    refund_id: str | None = None
    by: str
    made_at: Instant
    expires_at: Instant
    decision: Open[AppealOutcome] | None = None
    ruling: Ruling | None = None
    rules: tuple[str, ...]


class ProposalAgreed(Event):
    """A second person agreed; what was proposed follows in the same append."""

    proposal_id: str
    kind: Open[ProposalKind]
    order_id: str
    dispute_id: str | None = None
    refund_id: str | None = None
    by: str
    rules: tuple[str, ...]


class ProposalDeclined(Event):
    """A second person does not want it: nothing follows."""

    proposal_id: str
    kind: Open[ProposalKind]
    order_id: str
    dispute_id: str | None = None
    refund_id: str | None = None
    by: str
    reason_ref: str
    rules: tuple[str, ...]


ProposalEvent = ProposalMade | ProposalAgreed | ProposalDeclined
