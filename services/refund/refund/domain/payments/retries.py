"""When a refund that the provider declined is tried again: after growing pauses, or because somebody asks (T31, T31a,
S63). What became of one whose outcome nobody knows is asked after in `effects.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from refund.domain.commands import RefundCommand
from refund.domain.payments.state import Payment, Refund, RefundState
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event
from shared.events.calendar import within_days
from shared.events.fields import ShortText
from shared.events.ids import derived_id
from shared.events.mediation.proposals import ProposalAgreed, ProposalKind, ProposalMade
from shared.events.refund import RefundRequested, RefundRetried
from shared.rejections import Forbidden, SameReviewer, WrongPhase

RETRY_LIMIT = 5
"""Tries after the first one, by the system's own motion; then people take over (T31a). No programme sets it."""

FIRST_PAUSE = timedelta(minutes=1)
"""Before the first retry; doubled before each further one."""

PROPOSAL_DAYS = 7
"""How long a proposal waits for a second person: a refund knows no programme, so for all alike."""

RETRIERS = ("buyer", "support")


def retry_due(at: datetime, failures: int) -> datetime:
    """When it is tried again after so many definitive failures, the last one at `at` (T31)."""
    doublings: int = 2 ** (failures - 1)
    return at + FIRST_PAUSE * doublings


class RetryRefund(RefundCommand):
    """Somebody asks for another try."""


class AgreeToRetry(RefundCommand, ConsideredCommand):
    """A second person of support agrees to what the first one has proposed."""

    agree: ShortText


def guard_retry(payment: Payment, refund_id: str, actor: Actor) -> None:
    """G8: support or the buyer, and there is something to try again (S63).

    What people took over (T31a) is support's alone, and takes two of them: somebody may have sent the money by hand,
    and a retry would pay it again.
    """
    refund = payment.refund_for(actor, refund_id, *RETRIERS)
    WrongPhase.unless_in("refund", refund.state, RefundState.FAILED, RefundState.MANUAL)
    if refund.state is RefundState.MANUAL:
        _guard_support(payment, refund, actor)


def _guard_support(payment: Payment, refund: Refund, actor: Actor) -> None:
    if "support" not in actor.roles:
        raise Forbidden("People took this refund over: only support tries it again.")
    payment.parties_of(refund).guard_interest(actor)


def guard_agreement(payment: Payment, refund_id: str, actor: Actor, at: datetime) -> ProposalMade:
    """What waits for a second person, who is another one of support and no party (T31a, G15)."""
    refund = payment.refund_for(actor, refund_id, "support")
    WrongPhase.unless_in("refund", refund.state, RefundState.MANUAL)
    _guard_support(payment, refund, actor)
    if not (made := standing(refund, at)):
        raise WrongPhase("Nothing waits for a second person.", state=refund.state)
    if made.by == actor.id:
        raise SameReviewer("You proposed this: another person of support has to agree.")
    return made


def retry_refund(command: RetryRefund, payment: Payment) -> Sequence[Event]:
    """Another try, or once people took over the proposal of one."""
    refund = payment.refund_for(command.actor, command.refund_id, *RETRIERS)
    # Due already: the provider is being asked with this attempt's key, whose age a second start would hide
    # (effects.py).
    if refund.pay_at and refund.pay_at <= command.at:
        return []
    guard_retry(payment, command.refund_id, command.actor)
    if refund.state is not RefundState.MANUAL:
        return [_retried(command, "S63", "T31")]
    return [_proposed(command, refund)]


def agree_to_retry(command: AgreeToRetry, payment: Payment) -> Sequence[Event]:
    """It is tried again, by the word of two."""
    made = guard_agreement(payment, command.refund_id, command.actor, command.at)
    if made.proposal_id != command.agree:
        raise WrongPhase("This is not proposed any more.")
    command.guard_considered()
    return [_agreed(command, made), _retried(command, "S63", "T31a")]


def standing(refund: Refund, at: datetime) -> ProposalMade | None:
    """The proposal that waits for a second person."""
    return refund.proposal if refund.proposal and at < refund.proposal.expires_at else None


def _retried(command: RefundCommand, *rules: str) -> RefundRetried:
    return RefundRetried(refund_id=command.refund_id, order_id=command.order_id, pay_at=command.at, rules=rules)


def proposal_id(order_id: str, command_id: UUID) -> str:
    """The id of what this command proposes."""
    return derived_id("prp", order_id, command_id)


def _proposed(command: RetryRefund, refund: Refund) -> ProposalMade:
    timezone = refund.request.timezone if isinstance(refund.request, RefundRequested) else "UTC"
    return ProposalMade(
        proposal_id=proposal_id(command.order_id, command.command_id),
        kind=ProposalKind.RETRY,
        order_id=command.order_id,
        refund_id=command.refund_id,
        by=command.actor.id,
        made_at=command.at,
        expires_at=within_days(command.at, PROPOSAL_DAYS, timezone),
        rules=("T31a",),
    )


def _agreed(command: AgreeToRetry, made: ProposalMade) -> ProposalAgreed:
    return ProposalAgreed(
        proposal_id=made.proposal_id,
        kind=made.kind,
        order_id=command.order_id,
        refund_id=command.refund_id,
        by=command.actor.id,
        rules=("T31a",),
    )
