"""When a failed refund is tried again: after growing pauses, or because somebody asks (T31, T31a, S63)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from refund.domain.commands import RefundCommand
from refund.domain.payments.state import Payment, Refund, RefundState
from refund.domain.rejections import SecondPersonRequired
from shared.events.base import Actor, Event
from shared.events.calendar import within_days
from shared.events.ids import derived_id
from shared.events.mediation.proposals import ProposalAgreed, ProposalKind, ProposalMade
from shared.events.refund import RefundRequested, RefundRetried
from shared.rejections import Forbidden, WrongPhase

RETRY_LIMIT = 5
"""Tries after the first one, by the system's own motion (`refunds.retry_limit`); then people take over (T31a)."""

FIRST_PAUSE = timedelta(minutes=1)
"""Before the first retry; doubled before each further one."""

PROPOSAL_DAYS = 7
"""How long a proposal waits for a second person (`decision.proposal_days`)."""

RETRIERS = ("buyer", "support")


def retry_due(at: datetime, failures: int) -> datetime:
    """When it is tried again after so many definitive failures, the last one at `at` (T31)."""
    doublings: int = 2 ** (failures - 1)
    return at + FIRST_PAUSE * doublings


class RetryRefund(RefundCommand):
    """Somebody asks for another try."""


def guard_retry(payment: Payment, refund_id: str, actor: Actor, at: datetime) -> None:
    """G8: support or the buyer, and there is something to try again (S63).

    What people took over (T31a) is support's alone, and takes two of them: somebody may have sent the money by hand,
    and a retry would pay it again.
    """
    refund = payment.refund_for(actor, refund_id, *RETRIERS)
    WrongPhase.unless_in("refund", refund.state, RefundState.FAILED, RefundState.MANUAL)
    if refund.state is RefundState.MANUAL:
        _guard_second_person(payment, refund, actor, at)


def _guard_second_person(payment: Payment, refund: Refund, actor: Actor, at: datetime) -> None:
    if "support" not in actor.roles:
        raise Forbidden("People took this refund over: only support tries it again.")
    payment.parties_of(refund).guard_interest(actor)
    if (standing := _standing(refund, at)) and standing.by == actor.id:
        raise SecondPersonRequired("You proposed this: another person of support has to agree.")


def retry_refund(command: RetryRefund, payment: Payment) -> Sequence[Event]:
    refund = payment.refund_for(command.actor, command.refund_id, *RETRIERS)
    # Due already: the provider is being asked with this attempt's key, whose age a second start would hide
    # (effects.py).
    if refund.pay_at and refund.pay_at <= command.at:
        return []
    guard_retry(payment, command.refund_id, command.actor, command.at)
    if refund.state is not RefundState.MANUAL:
        return [_retried(command, "S63", "T31")]
    if not (made := _standing(refund, command.at)):
        return [_proposed(command, refund)]
    return [_agreed(command, made), _retried(command, "S63", "T31a")]


def _standing(refund: Refund, at: datetime) -> ProposalMade | None:
    """The proposal that waits for a second person."""
    return refund.proposal if refund.proposal and at < refund.proposal.expires_at else None


def _retried(command: RetryRefund, *rules: str) -> RefundRetried:
    return RefundRetried(refund_id=command.refund_id, order_id=command.order_id, pay_at=command.at, rules=rules)


def _proposed(command: RetryRefund, refund: Refund) -> ProposalMade:
    timezone = refund.request.timezone if isinstance(refund.request, RefundRequested) else "UTC"
    return ProposalMade(
        proposal_id=derived_id("prp", command.order_id, command.command_id),
        kind=ProposalKind.RETRY,
        order_id=command.order_id,
        refund_id=command.refund_id,
        by=command.actor.id,
        made_at=command.at,
        expires_at=within_days(command.at, PROPOSAL_DAYS, timezone),
        rules=("T31a",),
    )


def _agreed(command: RetryRefund, made: ProposalMade) -> ProposalAgreed:
    return ProposalAgreed(
        proposal_id=made.proposal_id,
        kind=made.kind,
        order_id=command.order_id,
        refund_id=command.refund_id,
        by=command.actor.id,
        rules=("T31a",),
    )
