"""Second person of support: agrees to what another has proposed for a refund, or declines it (T31a, G15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from refund.domain.commands import RefundCommand
from refund.domain.payments.abandonment import GIVEN_UP_FROM, abandoned
from refund.domain.payments.manual_payment import paid_by_hand
from refund.domain.payments.proposals import guard_support, reason_ref, reason_text, standing
from refund.domain.payments.retries import retried
from refund.domain.payments.state import Payment, Refund, RefundState
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event, Personal
from shared.events.fields import ShortText, Text
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalKind, ProposalMade
from shared.rejections import SameReviewer, WrongPhase

STATES: Mapping[ProposalKind, Sequence[RefundState]] = {
    ProposalKind.RETRY: (RefundState.MANUAL,),
    ProposalKind.MANUAL_PAYMENT: (RefundState.MANUAL,),
    ProposalKind.ABANDONMENT: GIVEN_UP_FROM,
}
"""By kind: the states of a refund in which it can be proposed and agreed to."""


class AnswerProposal(RefundCommand, ConsideredCommand):
    """Base of the second person's word on what is proposed in this kind."""

    answers: ProposalKind


class AgreeToProposal(AnswerProposal):
    agree: ShortText


class DeclineProposal(AnswerProposal):
    decline: ShortText
    reason: Annotated[str, Text(2000)]

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_answer(payment: Payment, refund_id: str, actor: Actor, at: datetime, kind: ProposalKind) -> ProposalMade:
    """What waits for a second person, who is another one of support and no party (G15)."""
    refund = guard_support(payment, refund_id, actor, *STATES[kind])
    made = standing(refund, at)
    if not made or made.kind != kind:
        raise WrongPhase("Nothing waits for a second person.", state=refund.state)
    if made.by == actor.id:
        raise SameReviewer("You proposed this: another person of support has to answer.")
    return made


def agree(command: AgreeToProposal, payment: Payment) -> Sequence[Event]:
    """What was proposed happens as it was proposed, by both of them."""
    made = _named(command, payment, command.agree)
    happens = CARRIED_OUT[command.answers](command, payment.refund(command.refund_id), made)
    return [ProposalAgreed(**_answered(command, made)), happens]


def decline(command: DeclineProposal, payment: Payment) -> Sequence[Event]:
    """It is as if nobody had proposed it."""
    made = _named(command, payment, command.decline)
    return [ProposalDeclined(**_answered(command, made), reason_ref=reason_ref(command))]


CARRIED_OUT: Mapping[ProposalKind, Callable[[AgreeToProposal, Refund, ProposalMade], Event]] = {
    ProposalKind.RETRY: lambda command, _, __: retried(command, "S63", "T31a"),
    ProposalKind.MANUAL_PAYMENT: lambda _, refund, made: paid_by_hand(refund, made),
    ProposalKind.ABANDONMENT: abandoned,
}
"""By kind: what follows a second person's yes."""


def _named(command: AnswerProposal, payment: Payment, name: str) -> ProposalMade:
    made = guard_answer(payment, command.refund_id, command.actor, command.at, command.answers)
    if made.proposal_id != name:
        raise WrongPhase("This is not proposed any more.")
    command.guard_considered()
    return made


def _answered(command: AnswerProposal, made: ProposalMade) -> dict[str, Any]:
    ids = {"proposal_id": made.proposal_id, "order_id": command.order_id, "refund_id": command.refund_id}
    return {**ids, "kind": made.kind, "by": command.actor.id, "rules": (*made.rules, "G15")}
