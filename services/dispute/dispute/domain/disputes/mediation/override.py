"""Override: support forces what the parties and the case team cannot do any more, by two persons (T37, S20)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from dispute.domain.commands import DisputeAndOrderCommand, text_ref, texts_about
from dispute.domain.disputes.ending import OfDisputeAndOrder, ended_if_over
from dispute.domain.disputes.escalation import escalated
from dispute.domain.disputes.mediation.appeal_decision import Change, carried_out
from dispute.domain.disputes.mediation.proposals import expiry, proposal_id
from dispute.domain.disputes.mediation.ruling import RulingCommand, ruled
from dispute.domain.disputes.mediation.under_way import guard_not_under_way, with_its_return
from dispute.domain.disputes.settlement import closed
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.orders.release import end_hold
from dispute.domain.orders.state import Order
from shared.events.base import Command, Message, Personal
from shared.events.dispute import CloseReason, EscalationReason, ReachedType
from shared.events.fields import Text, Ticket
from shared.events.mediation import AppealWindowClosed, Ruling
from shared.events.mediation.proposals import OverrideAction, SupportOverrideApplied, SupportOverrideProposed
from shared.events.money import Money
from shared.events.open_enums import known
from shared.events.order import HoldEnd
from shared.rejections import WrongPhase, guard_text


class Why(Message):
    """On what ground something is forced."""

    ticket: Ticket
    reason: Annotated[str, Text(2000)]


class ForceDecision(RulingCommand, Why):
    """Support rules, in the place of whatever was agreed or decided."""

    action: Literal["decide"]

    @property
    def personal(self) -> Sequence[Personal]:
        return (*super().personal, *texts_about(self.actor.id, self, reason=self.reason))


class ForceTransition(DisputeAndOrderCommand, Why):
    """Support hands a dispute to the case team, or closes one that should never have been opened."""

    action: Literal["escalate", "close"]

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, reason=self.reason)


def force_decision(command: ForceDecision, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """It passes every guard of a decision, and waits for a second person."""
    guard(Step.OVERRIDE, dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    ruling = ruled(command, dispute, order)
    guard_not_under_way(dispute, ruling)
    return [_proposed(command, dispute, with_its_return(dispute, ruling), command.rules)], []


def force_transition(command: ForceTransition, dispute: Dispute, _: Order) -> OfDisputeAndOrder:
    """Only as long as nothing was asked for; it waits for a second person."""
    guard(Step.OVERRIDE, dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    guard_forced(OverrideAction(command.action), dispute)
    return [_proposed(command, dispute)], []


def guard_forced(action: OverrideAction, dispute: Dispute) -> None:
    """Money or goods that were asked for are not undone by another state: that takes a ruling."""
    asked = any(not asked.brings_nothing for asked in dispute.refunds.values())
    if asked or dispute.return_id or dispute.replacement.is_awaited:
        raise WrongPhase("Money or goods were asked for already: decide.", state=dispute.state)
    if action == OverrideAction.ESCALATE and dispute.state == DisputeState.ESCALATED:
        raise WrongPhase("The case team has it already.", state=dispute.state)


def _proposed(
    command: ForceDecision | ForceTransition,
    dispute: Dispute,
    ruling: Ruling | None = None,
    rules: tuple[str, ...] = (),
) -> SupportOverrideProposed:
    return SupportOverrideProposed(
        proposal_id=proposal_id(dispute, command.command_id),
        order_id=dispute.opened.order_id,
        dispute_id=command.dispute_id,
        action=OverrideAction(command.action),
        ticket=command.ticket,
        reason_ref=text_ref(command, "reason"),
        by=command.actor.id,
        made_at=command.at,
        expires_at=expiry(dispute, command.at),
        ruling=ruling,
        rules=("T37", "S20", *rules),
    )


def applied(command: Command, made: SupportOverrideProposed, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """What was proposed happens, by both of them."""
    forced = SupportOverrideApplied(
        proposal_id=made.proposal_id,
        dispute_id=made.dispute_id,
        action=made.action,
        ticket=made.ticket,
        reason_ref=made.reason_ref,
        ruling=made.ruling,
        decided_by=made.by,
        agreed_by=command.actor.id,
        decided_at=command.at,
        rules=made.rules,
    )
    events, of_order = FORCED[known(made.action)](command, made, dispute, order)
    if made.ruling:
        return ended_if_over(command, [forced, *events], dispute, order)
    return [forced, *events], of_order


def _decided(command: Command, made: SupportOverrideProposed, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """The difference to whatever was asked for; nobody can appeal it."""
    assert made.ruling
    guard_not_under_way(dispute, made.ruling)
    over = AppealWindowClosed(dispute_id=made.dispute_id, rules=("T37", "T19"))
    change = Change(made.ruling, made.rules, ReachedType.SUPPORT_OVERRIDE, "T37")
    ended = [over] if dispute.case.appeal_until else []
    return [*ended, *carried_out(command, change, dispute)], []


def _escalated(command: Command, _: SupportOverrideProposed, dispute: Dispute, __: Order) -> OfDisputeAndOrder:
    guard_forced(OverrideAction.ESCALATE, dispute)
    return [escalated(dispute, EscalationReason.SUPPORT_OVERRIDE, command.at, "support")], []


def _closed(command: Command, _: SupportOverrideProposed, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """The order is as if there had been no dispute."""
    guard_forced(OverrideAction.CLOSE, dispute)
    if order.chargebacks.open:
        raise order.chargebacks.refusal
    nothing = Money.zero(dispute.opened.request.amount)
    end = closed(dispute, CloseReason.ERRONEOUS, nothing, command.at, ("T37", "S20"))
    return [end], end_hold(order, dispute.opened, HoldEnd.CLOSED, command.at)


FORCED: Mapping[OverrideAction, Callable[[Command, SupportOverrideProposed, Dispute, Order], OfDisputeAndOrder]] = {
    OverrideAction.DECIDE: _decided,
    OverrideAction.ESCALATE: _escalated,
    OverrideAction.CLOSE: _closed,
}
"""What follows of what is forced."""
