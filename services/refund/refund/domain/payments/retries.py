"""When a refund that the provider declined is tried again: after growing pauses, or because somebody asks (T31, T31a,
S63). What became of one whose outcome nobody knows is asked after in `effects.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from refund.domain.commands import RefundCommand
from refund.domain.payments.chargeback import first_open
from refund.domain.payments.correction import AccountToken, guard_account_matters, guard_corrected
from refund.domain.payments.proposals import OfPart, guard_not_said_to_be_paid, guard_support, proposed, the_part
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.room import in_the_way
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Command, Event
from shared.events.mediation.proposals import ProposalKind
from shared.events.refund import RefundRetried
from shared.rejections import AmountExceedsCap, WrongPhase

RETRY_LIMIT = 5
"""Tries after the first one, by the system's own motion; then people take over (T31a). No programme sets it."""

FIRST_PAUSE = timedelta(minutes=1)
"""Before the first retry; doubled before each further one."""

CORRECTOR = "buyer"
RETRIERS = (CORRECTOR, "support")
RETRIED_FROM = (RefundState.FAILED, RefundState.RETURNED_BY_BANK, RefundState.MANUAL)


def retry_due(at: datetime, failures: int) -> datetime:
    """When it is tried again after so many definitive failures, the last one at `at` (T31)."""
    doublings: int = 2 ** (failures - 1)
    return at + FIRST_PAUSE * doublings


class RetryRefund(RefundCommand, OfPart):
    """Somebody asks for another try, the buyer perhaps with another account: the provider's token of it."""

    account_token: AccountToken | None = None


def guard_retry(payment: Payment, refund_id: str, actor: Actor) -> RefundState:
    """G8: support or the buyer, and there is something to try again (S63).

    What people took over (T31a) is support's alone, and takes two of them: somebody may have sent the money by hand,
    and a retry would pay it again.
    """
    refund = payment.refund_for(actor, refund_id, *RETRIERS)
    state = refund.first_of(RETRIED_FROM)
    WrongPhase.unless_in("refund", state, *RETRIED_FROM)
    guard_no_chargeback(payment, refund)
    if state is RefundState.MANUAL:
        guard_retry_with_people(payment, refund_id, actor)
    return state


def guard_correction(payment: Payment, refund_id: str, actor: Actor) -> None:
    """The buyer may have it tried with another account (S63), also where people took it over because of the account
    (T31a).
    """
    refund = payment.refund_for(actor, refund_id, CORRECTOR)
    state = refund.first_of(RETRIED_FROM)
    WrongPhase.unless_in("refund", state, *RETRIED_FROM)
    guard_account_matters(refund)
    guard_no_chargeback(payment, refund)
    guard_corrected(refund, next(part for part in refund.parts.values() if part.state is state))


def guard_retry_with_people(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Of what people took over (T31a)."""
    refund = guard_support(payment, refund_id, actor, RefundState.MANUAL)
    guard_not_said_to_be_paid(refund)
    guard_no_chargeback(payment, refund)
    return refund


def guard_no_chargeback(payment: Payment, refund: Refund) -> None:
    """Nothing is sent while the bank decides (T34), and nothing that the bank has paid (T35)."""
    if first_open(payment.chargebacks):
        raise WrongPhase("A chargeback is open: it goes on by itself.", state=refund.state, rules=("T34",))
    parts = [part for part in refund.parts.values() if part.state in RETRIED_FROM]
    if all(in_the_way(payment, part) for part in parts):
        guard_room(payment, parts[0])


def guard_room(payment: Payment, part: Part) -> None:
    """What the bank has paid the buyer is not sent again (T35)."""
    if in_the_way(payment, part):
        raise AmountExceedsCap("The bank has paid the buyer, and leaves too little for it.", rules=("G9", "T35"))


def retry_refund(command: RetryRefund, payment: Payment) -> Sequence[Event]:
    """Another try, or once people took over the proposal of one."""
    if command.account_token:
        return _with_another_account(command, payment)
    refund = payment.refund_for(command.actor, command.refund_id, *RETRIERS)
    # Due already: the provider is being asked with this attempt's key, whose age a second start would hide
    # (effects.py).
    if _is_due(refund, command):
        return []
    guard_retry(payment, command.refund_id, command.actor)
    part = the_part(refund, command.part_id, *RETRIED_FROM)
    assert part
    guard_room(payment, part)
    if part.state is not RefundState.MANUAL:
        return [retried(command, refund, part, "S63", "T31")]
    guard_retry_with_people(payment, command.refund_id, command.actor)
    return [proposed(command, refund, part, ProposalKind.RETRY, ("T31a",), None)]


def _with_another_account(command: RetryRefund, payment: Payment) -> Sequence[Event]:
    """At once, and never while the provider is being asked with this attempt's key: each attempt has one account."""
    guard_correction(payment, command.refund_id, command.actor)
    refund = payment.refund(command.refund_id)
    if _is_due(refund, command):
        raise WrongPhase("It is being tried.", state=refund.state, rules=("S63", "T31"))
    part = the_part(refund, command.part_id, *RETRIED_FROM)
    assert part
    guard_room(payment, part)
    guard_corrected(refund, part)
    return [retried(command, refund, part, "S63", "T31", account_token=command.account_token)]


def retried(
    command: Command, refund: Refund, part: Part, *rules: str, account_token: str | None = None
) -> RefundRetried:
    """The next try begins at once."""
    fields: dict[str, Any] = refund.fields_of(part, RefundState.APPROVED) | {"sent_back": part.came_back > 0}
    return RefundRetried(**fields, pay_at=command.at, account_token=account_token, rules=rules)


def _is_due(refund: Refund, command: RetryRefund) -> bool:
    named = [part for name, part in refund.parts.items() if command.part_id in (None, name) and not part.has_ended]
    return bool(named) and all(part.pay_at and part.pay_at <= command.at for part in named)
