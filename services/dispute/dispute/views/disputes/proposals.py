"""View of what waits for a second person: for the platform's people alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import TypedDict

from dispute.domain.disputes.case import Proposal
from dispute.domain.disputes.state import Dispute
from shared.events.dispute import Payer, SolutionType
from shared.events.mediation import AppealOutcome, Outcome, Ruling
from shared.events.mediation.proposals import OverrideAction, ProposalMade, SupportOverrideProposed
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.views import LineAmountView, ProposalMembers, TextLink, text_link


class ProposedRuling(TypedDict):
    """A ruling as it was proposed; `decision` is what it makes of the one before."""

    decision: Open[AppealOutcome] | None
    outcome: Open[Outcome]
    type: Open[SolutionType] | None
    lines: Sequence[LineAmountView]
    amount: Money
    freight_payer: Open[Payer] | None
    address: TextLink | None
    rules: Sequence[str]
    weights: Mapping[str, int]
    text: TextLink | None


class ForcedView(TypedDict):
    """What support wants to force, and why."""

    action: Open[OverrideAction]
    ticket: str
    reason: TextLink | None


class ProposalView(ProposalMembers):
    """What waits for a second person; `body` is its ruling, if it has one."""

    override: ForcedView | None
    body: ProposedRuling | None


def proposal_views(dispute: Dispute, path: str, now: datetime) -> list[ProposalView]:
    """What waits now."""
    made = dispute.case.proposal
    return [_proposal(made, path)] if made and now < made.expires_at else []


def _proposal(made: Proposal, path: str) -> ProposalView:
    return {
        "id": made.proposal_id,
        "kind": made.kind,
        "by": made.by,
        "at": made.made_at,
        "expires_at": made.expires_at,
        "override": _forced(made, path) if isinstance(made, SupportOverrideProposed) else None,
        "body": _ruling(made, made.ruling, path) if made.ruling else None,
    }


def _forced(made: SupportOverrideProposed, path: str) -> ForcedView:
    return {"action": made.action, "ticket": made.ticket, "reason": text_link(path, made.reason_ref)}


def _ruling(made: Proposal, ruling: Ruling, path: str) -> ProposedRuling:
    return {
        "decision": made.decision if isinstance(made, ProposalMade) else None,
        "outcome": ruling.outcome,
        "type": ruling.type,
        "lines": [{"line_id": part.line_id, "amount": part.amount} for part in ruling.lines],
        "amount": ruling.amount,
        "freight_payer": ruling.freight_payer,
        "address": text_link(path, ruling.address_ref),
        "rules": made.rules,
        "weights": {item.evidence_id: item.weight for item in ruling.weights},
        "text": text_link(path, ruling.text_ref),
    }
