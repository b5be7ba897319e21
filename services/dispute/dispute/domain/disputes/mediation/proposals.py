"""Proposals: what one person may not decide alone waits for a second one (T15, T18, T37)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from dispute.domain.commands import DisputeCommand
from dispute.domain.disputes.case import Proposal
from dispute.domain.disputes.state import Dispute
from shared.events.calendar import within_days
from shared.events.ids import derived_id
from shared.events.mediation import AppealOutcome, Ruling
from shared.events.mediation.proposals import ProposalKind, ProposalMade
from shared.events.money import Money
from shared.rejections import WrongPhase


def takes_two(dispute: Dispute, amount: Money) -> bool:
    """Whether the terms want a second person for so much."""
    limits = dispute.terms.two_person_amounts
    return any(limit < amount for limit in limits if limit.same_currency(amount))


def proposal_id(dispute: Dispute, command_id: UUID) -> str:
    """The id of what this command proposes."""
    return derived_id("prp", dispute.opened.order_id, command_id)


def expiry(dispute: Dispute, at: datetime) -> datetime:
    """Until when another person may agree to what is proposed now."""
    return within_days(at, dispute.terms.proposal_days, dispute.terms.timezone)


def proposed(
    command: DisputeCommand,
    dispute: Dispute,
    ruling: Ruling,
    rules: tuple[str, ...],
    decision: AppealOutcome | None = None,
) -> ProposalMade:
    """The ruling, as it would be issued; another person has some days to agree."""
    return ProposalMade(
        proposal_id=proposal_id(dispute, command.command_id),
        kind=ProposalKind.APPEAL_DECISION if decision else ProposalKind.DECISION,
        order_id=dispute.opened.order_id,
        dispute_id=command.dispute_id,
        by=command.actor.id,
        made_at=command.at,
        expires_at=expiry(dispute, command.at),
        decision=decision,
        ruling=ruling,
        rules=rules,
    )


def named(dispute: Dispute, name: str) -> Proposal:
    """What stands proposed under this id; WrongPhase for anything else."""
    made = dispute.case.proposal
    if not made or made.proposal_id != name:
        raise WrongPhase("This is not proposed any more.", state=dispute.state)
    return made
