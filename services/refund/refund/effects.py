"""Effect: a due `pay:<refund_id>` asks the payment provider, and its answer is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from refund.domain.deadlines import refund_of
from refund.domain.payments.outcomes import OutcomeCommand, RecordDeclined, RecordIssued
from refund.domain.payments.state import Payment
from refund.gateways.port import Answer, Declined, Gateway, Issued, RefundCall, Unanswered
from shared.deadlines.effect import Effect
from shared.events.open_words import known
from shared.resilience import crash_points

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

ASK_UNTIL = timedelta(hours=20)
"""Real time from an attempt's beginning to the last call with its key: providers forget keys after a day."""
CERTAIN_AFTER = timedelta(hours=21)
"""Real time after which no call of ours can be under way any more, so that "not known" means "not paid"."""
NOT_EXECUTED = "not_executed"

BEFORE_GATEWAY = crash_points.register(
    "refund.before_gateway", "services/refund/refund/effects.py: the provider is about to be asked"
)
AFTER_GATEWAY = crash_points.register(
    "refund.after_gateway", "services/refund/refund/effects.py: the provider has answered and nothing is recorded"
)

Age = Callable[[RefundCall], Awaitable[timedelta]]
"""How long ago, in real time, the attempt of a call began."""


def wanted(payment: Payment, kind: str) -> RefundCall | None:
    """The payment that is still asked for, None where it went, failed for good or was handed to people."""
    refund = payment.refunds.get(refund_of(kind))
    captured = payment.capture_of(refund) if refund else None
    if refund is None or refund.pay_at is None or captured is None:
        return None
    return RefundCall(
        refund_id=refund.request.refund_id,
        order_id=refund.request.order_id,
        payment_id=captured.payment_id,
        amount=refund.request.amount,
        destination=known(refund.destination),
        attempt=refund.failures,
    )


async def ask(gateway: Gateway, age: Age, call: RefundCall) -> Answer:
    """The provider's answer; Unanswered where the outcome stays unknown.

    An attempt that is too old for its key is only asked after: a call would pay a second time once the provider has
    forgotten the first.
    """
    crash_points.point(BEFORE_GATEWAY)
    old = await age(call)
    if old < ASK_UNTIL:
        return await gateway.refund(call)
    if found := await gateway.find(call.idempotency_key):
        return found
    if old < CERTAIN_AFTER:
        raise Unanswered(f"{call.idempotency_key} is not known to the provider yet")
    return Declined(NOT_EXECUTED)


def outcome(call: RefundCall, answer: Answer, now: datetime) -> OutcomeCommand:
    """The command that records the answer."""
    match answer:
        case Issued(provider_ref):
            return RecordIssued.of(call.order_id, call.refund_id, call.attempt, provider_ref, now)
        case Declined(reason):
            return RecordDeclined.of(call.order_id, call.refund_id, call.attempt, reason, now)


def pay(gateway: Gateway, age: Age) -> Effect[Payment, RefundCall, Answer]:
    """The effect behind the deadlines `pay:…`."""
    return Effect(wanted, lambda call: ask(gateway, age, call), outcome, AFTER_GATEWAY)


# The log's own clock is the real one, and what starts an attempt stands in the log: no other memory can be lost.
AGE = """
select clock_timestamp() - max(recorded_at) from events
where stream = $1 and data ->> 'refund_id' = $2
    and split_part(type, '.', 2) in ('RefundApproved', 'RefundFailed', 'RefundRetried')
"""


def age_in_log(pool: Pool) -> Age:
    """Ages told from the events that begin an attempt: approval, the failure before, a retry that somebody asked
    for.
    """

    async def age(call: RefundCall) -> timedelta:
        found: timedelta = await pool.fetchval(AGE, f"payment-{call.order_id}", call.refund_id)
        return found

    return age
