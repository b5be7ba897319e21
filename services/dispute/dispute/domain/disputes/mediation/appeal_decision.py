"""Decision on an appeal: somebody else decides for good, and what changes is the difference (T18, K18)."""

from __future__ import annotations

from dataclasses import dataclass

from dispute.domain.deadlines import survey_due
from dispute.domain.disputes.difference import given_up
from dispute.domain.disputes.ending import ended_if_over, ruling_of
from dispute.domain.disputes.mediation.decision import reached_by
from dispute.domain.disputes.mediation.proposals import proposed, takes_two
from dispute.domain.disputes.mediation.ruling import RulingCommand, guard_explained, ruled, weighed
from dispute.domain.disputes.mediation.under_way import guard_not_under_way, with_its_return
from dispute.domain.disputes.settlement import goods_kept, moved, nothing_sent, return_due
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event
from shared.events.dispute import (
    ReachedType,
    SolutionType,
)
from shared.events.mediation import (
    AppealDecided,
    AppealOutcome,
    AppealWindowClosed,
    Ruling,
)
from shared.rejections import ValidationFailed


class DecideAppeal(RulingCommand):
    """What is ruled only where something changes."""

    decision: AppealOutcome


def decide_appeal(command: DecideAppeal, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """What the first decision said stands, or this takes its place; it closes what is carried out already (T33)."""
    guard(Step.DECIDE_APPEAL, dispute, command.actor, command.at)
    stands = command.decision == AppealOutcome.UPHELD
    ruling = upheld(command, dispute) if stands else changed(command, dispute, order)
    if not stands and takes_two(dispute, ruling.amount):
        return [proposed(command, dispute, ruling, command.rules, command.decision)], []
    return finally_decided(command, Finding(command.decision, ruling, command.rules, command.actor.id), dispute, order)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on an appeal, by which rules, and by whom."""

    decision: AppealOutcome
    ruling: Ruling
    rules: tuple[str, ...]
    by: str
    agreed_by: str | None = None

    @property
    def change(self) -> Change:
        return Change(self.ruling, self.rules, ReachedType.APPEAL, "T18")


@dataclass(frozen=True, slots=True)
class Change:
    """A ruling that takes the place of what stands, on which row of the table."""

    ruling: Ruling
    rules: tuple[str, ...]
    reached: ReachedType
    row: str


def finally_decided(
    command: Command, finding: Finding, dispute: Dispute, order: Order
) -> tuple[list[Event], list[Event]]:
    """The word that nobody can appeal, and the difference that it makes."""
    dispute_id = dispute.opened.dispute_id
    decided = AppealDecided(
        dispute_id=dispute_id,
        decision=finding.decision,
        ruling=finding.ruling,
        decided_by=finding.by,
        agreed_by=finding.agreed_by,
        decided_at=command.at,
        survey_until=survey_due(dispute.terms, command.at),
        rules=finding.rules,
    )
    over = AppealWindowClosed(dispute_id=dispute_id, rules=("T18", "T19"))
    events: list[Event] = [decided, *([over] if dispute.case.appeal_until else [])]
    events += [] if finding.decision == AppealOutcome.UPHELD else carried_out(command, finding.change, dispute)
    return ended_if_over(command, events, dispute, order)


def upheld(command: DecideAppeal, dispute: Dispute) -> Ruling:
    """The first ruling, explained anew; nothing is ruled beside it."""
    for name in ("outcome", "type", "lines", "freight_payer", "address"):
        if getattr(command, name):
            raise ValidationFailed.at(f"/{name}", "not_expected", "what is upheld stays as it is", "T18")
    guard_explained(command, dispute)
    standing = ruling_of(dispute)
    assert standing
    return standing.model_copy(update={"weights": weighed(command.weights), "text_ref": command.text_ref})


def changed(command: DecideAppeal, dispute: Dispute, order: Order) -> Ruling:
    """Another ruling than the first; a reversal favours another side as well. The same again asks for the money anew
    that support gave up since (T31a).
    """
    standing = ruling_of(dispute)
    assert standing
    ruling = ruled(command, dispute, order)
    if command.decision == AppealOutcome.REVERSED and ruling.outcome == standing.outcome:
        raise ValidationFailed.at("/outcome", "outcome_differs", "a reversal favours another side", "T18")
    same = (ruling.type, ruling.lines, ruling.freight_payer) == (standing.type, standing.lines, standing.freight_payer)
    if same and not ruling.address_ref and not given_up(dispute):
        raise ValidationFailed.at("/decision", "nothing_changed", "this is what was decided: uphold it", "T18")
    guard_not_under_way(dispute, ruling)
    return with_its_return(dispute, ruling)


def carried_out(command: Command, change: Change, dispute: Dispute) -> list[Event]:
    """The new solution, goods that are to come or no longer to come, and the difference in money."""
    ruling, rules = change.ruling, (change.row, *change.rules)
    reached = reached_by(command, dispute, ruling, change.reached, change.rules) if ruling.type else None
    solution: list[Event] = [*nothing_sent(dispute, rules), *([reached] if reached else [])]
    if reached and ruling.type == SolutionType.RETURN_AND_REFUND and not dispute.refunds:
        return [*solution, *([] if dispute.return_id else [return_due(command, dispute, reached)])]
    money = moved(command, dispute, ruling.lines, reached, change.rules)
    return [*goods_kept(dispute, rules), *solution, *money]
