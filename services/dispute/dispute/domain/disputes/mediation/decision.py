"""Decision: the case team ends the review, and what it finds is carried out at once (T15, S51)."""

from __future__ import annotations

from dispute.domain.deadlines import appeal_due, survey_due
from dispute.domain.disputes.mediation.proposals import proposed, takes_two
from dispute.domain.disputes.mediation.ruling import RulingCommand, ruled
from dispute.domain.disputes.settlement import asked_by, moved, replacement_until
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event
from shared.events.dispute import ReachedType, Solution, SolutionReached
from shared.events.mediation import DecisionIssued, Outcome, Ruling


class IssueDecision(RulingCommand):
    outcome: Outcome


def decide(command: IssueDecision, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """Both may appeal for seven days, and nothing waits for that: the platform pays at once (S57). Above an amount it
    waits for a second person.
    """
    guard(Step.DECIDE, dispute, command.actor, command.at)
    ruling = ruled(command, dispute, order)
    if takes_two(dispute, ruling.amount):
        return [proposed(command, dispute, ruling, command.rules)], []
    return issued(command, dispute, ruling, command.rules, command.actor.id), []


def issued(
    command: Command, dispute: Dispute, ruling: Ruling, rules: tuple[str, ...], by: str, agreed_by: str | None = None
) -> list[Event]:
    """The decision, by one or by two, and what it asks for."""
    decision = DecisionIssued(
        dispute_id=dispute.opened.dispute_id,
        ruling=ruling,
        decided_by=by,
        agreed_by=agreed_by,
        decided_at=command.at,
        appeal_until=appeal_due(dispute.terms, command.at),
        survey_until=survey_due(dispute.terms, command.at),
        rules=rules,
    )
    return [decision, *carried_out(command, dispute, ruling, rules)]


def carried_out(command: Command, dispute: Dispute, ruling: Ruling, rules: tuple[str, ...]) -> list[Event]:
    """The solution that the ruling is, and what it asks for (K14); for the seller's favour what is to come back."""
    if not ruling.type:
        return moved(command, dispute, ruling.lines, None, rules)
    reached = reached_by(command, dispute, ruling, ReachedType.ARBITRATED, rules)
    return [reached, *asked_by(command, dispute, reached)]


def reached_by(
    command: Command, dispute: Dispute, ruling: Ruling, reached_type: ReachedType, rules: tuple[str, ...]
) -> SolutionReached:
    """The ruling as a solution."""
    assert ruling.type
    return SolutionReached(
        dispute_id=dispute.opened.dispute_id,
        reached_type=reached_type,
        solution=Solution(
            type=ruling.type,
            amount=ruling.amount,
            freight_payer=ruling.freight_payer,
            address_ref=ruling.address_ref,
        ),
        lines=ruling.lines,
        reached_at=command.at,
        replacement_until=replacement_until(dispute, ruling.type, command.at),
        rules=rules,
    )
