"""Events of what takes two persons: one proposes, another agrees or declines. These names are storage: never rename
one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.mediation import AppealOutcome, Ruling
from shared.events.open_enums import Open
from shared.events.order import LineAmount


class ProposalKind(StrEnum):
    """What one person proposes, and another has to agree to."""

    DECISION = "decision"
    APPEAL_DECISION = "appeal_decision"
    OVERRIDE = "override"
    RETRY = "retry"
    MANUAL_PAYMENT = "manual_payment"
    ABANDONMENT = "abandonment"
    RE_REQUEST = "re_request"
    END_OF_DOUBT = "end_of_doubt"


class OverrideAction(StrEnum):
    """What support forces (T37)."""

    DECIDE = "decide"
    ESCALATE = "escalate"
    CLOSE = "close"


class RefundEnding(Value):
    """How a refund that is with people ends, and on what ground; what was paid by hand, or is found paid, has its
    reference, what is asked for again its lines.
    """

    ticket: str
    reason_ref: str
    bank_reference: str | None = None
    paid_at: Instant | None = None
    lines: tuple[LineAmount, ...] | None = None


class ProposalMade(Event):
    """One person wants this, until `expires_at`; it takes another one's word. A ruling is there whole, `decision` is
    what it makes of the one before; of a refund, `ending` is how it ends, or how its part that is named does.
    """

    proposal_id: str
    kind: Open[ProposalKind]
    order_id: str
    dispute_id: str | None = None
    refund_id: str | None = None
    part_id: str | None = None
    by: str
    made_at: Instant
    expires_at: Instant
    decision: Open[AppealOutcome] | None = None
    ruling: Ruling | None = None
    ending: RefundEnding | None = None
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


class SupportOverrideProposed(Event):
    """One person of support wants to force this, for a reason that a ticket tells; it takes another one's word (T37). A
    ruling is there whole.
    """

    proposal_id: str
    kind: Open[ProposalKind] = ProposalKind.OVERRIDE
    order_id: str
    dispute_id: str
    action: Open[OverrideAction]
    ticket: str
    reason_ref: str
    by: str
    made_at: Instant
    expires_at: Instant
    ruling: Ruling | None = None
    rules: tuple[str, ...]


class SupportOverrideApplied(Event):
    """Two persons of support have forced it: what follows is in the same append. Where they have decided, `ruling` is
    what holds from now on, and nobody can appeal it (S55).
    """

    proposal_id: str
    dispute_id: str
    action: Open[OverrideAction]
    ticket: str
    reason_ref: str
    ruling: Ruling | None = None
    decided_by: str
    agreed_by: str
    decided_at: Instant
    rules: tuple[str, ...]


ProposalEvent = ProposalMade | ProposalAgreed | ProposalDeclined
OverrideEvent = SupportOverrideProposed | SupportOverrideApplied
