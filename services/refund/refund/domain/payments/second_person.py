"""Second person of support: agrees to what another has proposed for a refund, or declines it (T31a, G15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from refund.domain.commands import RefundCommand
from refund.domain.payments.abandonment import abandoned, guard_abandonment
from refund.domain.payments.doubt import doubt_is_over, guard_end_of_doubt
from refund.domain.payments.manual_payment import guard_paid_by_hand, paid_by_hand
from refund.domain.payments.proposals import proposed_part, reason_ref, reason_text, standing
from refund.domain.payments.re_request import guard_re_request, re_requested
from refund.domain.payments.refund import Refund
from refund.domain.payments.retries import guard_retry_with_people, guard_room, retried
from refund.domain.payments.state import Payment
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event, Personal
from shared.events.fields import ShortText, Text
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalKind, ProposalMade
from shared.rejections import SameReviewer, WrongPhase

GUARDS: Mapping[ProposalKind, Callable[[Payment, str, Actor], Refund]] = {
    ProposalKind.RETRY: guard_retry_with_people,
    ProposalKind.MANUAL_PAYMENT: guard_paid_by_hand,
    ProposalKind.ABANDONMENT: guard_abandonment,
    ProposalKind.RE_REQUEST: guard_re_request,
    ProposalKind.END_OF_DOUBT: guard_end_of_doubt,
}
"""By kind: what refuses to agree to it, or to decline it."""


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
    refund = GUARDS[kind](payment, refund_id, actor)
    made = standing(refund, at)
    if not made or made.kind != kind:
        raise WrongPhase("Nothing waits for a second person.", state=refund.state)
    if made.by == actor.id:
        raise SameReviewer("You proposed this: another person of support has to answer.")
    return made


def agree(command: AgreeToProposal, payment: Payment) -> Sequence[Event]:
    """What was proposed happens as it was proposed, by both of them."""
    made = _named(command, payment, command.agree)
    happens = CARRIED_OUT[command.answers](command, payment, made)
    return [ProposalAgreed(**_answered(command, made)), *happens]


def decline(command: DeclineProposal, payment: Payment) -> Sequence[Event]:
    """It is as if nobody had proposed it."""
    made = _named(command, payment, command.decline)
    return [ProposalDeclined(**_answered(command, made), reason_ref=reason_ref(command))]


def _tried_again(command: AgreeToProposal, payment: Payment, made: ProposalMade) -> Sequence[Event]:
    refund = payment.refund(command.refund_id)
    part = proposed_part(refund, made)
    assert part
    guard_room(payment, part)
    return [retried(command, refund, part, "S63", "T31a")]


CARRIED_OUT: Mapping[ProposalKind, Callable[[AgreeToProposal, Payment, ProposalMade], Sequence[Event]]] = {
    ProposalKind.RETRY: _tried_again,
    ProposalKind.MANUAL_PAYMENT: paid_by_hand,
    ProposalKind.ABANDONMENT: abandoned,
    ProposalKind.RE_REQUEST: re_requested,
    ProposalKind.END_OF_DOUBT: doubt_is_over,
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
