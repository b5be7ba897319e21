"""Second person: agrees to what another has proposed, and it is carried out, or declines it (T15, T18, T37)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from dispute.domain.commands import DisputeAndOrderCommand, text_ref, texts_about
from dispute.domain.disputes.case import Proposal
from dispute.domain.disputes.mediation import override
from dispute.domain.disputes.mediation.appeal_decision import Finding, finally_decided
from dispute.domain.disputes.mediation.decision import issued
from dispute.domain.disputes.mediation.proposals import named
from dispute.domain.disputes.mediation.under_way import guard_not_under_way
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.orders.state import Order
from shared.decider import ConsideredCommand
from shared.events.base import Event, Personal
from shared.events.fields import ShortText, Text
from shared.events.mediation.proposals import (
    ProposalAgreed,
    ProposalDeclined,
    ProposalKind,
    ProposalMade,
    SupportOverrideProposed,
)
from shared.rejections import guard_text

STEPS: Mapping[ProposalKind, Step] = {
    ProposalKind.DECISION: Step.AGREE_DECISION,
    ProposalKind.APPEAL_DECISION: Step.AGREE_APPEAL_DECISION,
    ProposalKind.OVERRIDE: Step.AGREE_OVERRIDE,
}
"""By kind: the step that answers it, yes or no."""


class AnswerProposal(DisputeAndOrderCommand, ConsideredCommand):
    """Base of the second person's word."""

    answers: ProposalKind


class AgreeToProposal(AnswerProposal):
    agree: ShortText


class DeclineProposal(AnswerProposal):
    decline: ShortText
    reason: Annotated[str, Text(2000)]

    @property
    def reason_ref(self) -> str:
        return text_ref(self, "reason")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, reason=self.reason)


def agree(command: AgreeToProposal, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """What was proposed happens as it was proposed, by both of them."""
    guard(STEPS[command.answers], dispute, command.actor, command.at)
    made = named(dispute, command.agree)
    command.guard_considered()
    if isinstance(made, SupportOverrideProposed):
        return override.applied(command, made, dispute, order)
    agreed = ProposalAgreed(**_answered(command, made), rules=("T15", "G15"))
    events, of_order = _carried_out(command, made, dispute, order)
    return [agreed, *events], of_order


def _carried_out(
    command: AgreeToProposal, made: ProposalMade, dispute: Dispute, order: Order
) -> tuple[list[Event], list[Event]]:
    assert made.ruling
    if not made.decision:
        return issued(command, dispute, made.ruling, made.rules, made.by, command.actor.id), []
    guard_not_under_way(dispute, made.ruling)
    finding = Finding(made.decision, made.ruling, made.rules, made.by, command.actor.id)
    return finally_decided(command, finding, dispute, order)


def decline(command: DeclineProposal, dispute: Dispute, _: Order) -> tuple[list[Event], list[Event]]:
    """It is as if nobody had proposed it."""
    guard(STEPS[command.answers], dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    made = named(dispute, command.decline)
    command.guard_considered()
    rules = ("T37" if made.kind == ProposalKind.OVERRIDE else "T15", "G15")
    return [ProposalDeclined(**_answered(command, made), reason_ref=command.reason_ref, rules=rules)], []


def _answered(command: AnswerProposal, made: Proposal) -> dict[str, Any]:
    ids = {"proposal_id": made.proposal_id, "order_id": made.order_id, "dispute_id": command.dispute_id}
    return {**ids, "kind": made.kind, "by": command.actor.id}
