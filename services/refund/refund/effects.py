"""Effects: a due `pay:<part id>` asks the payment provider, who knows a part as a refund, and its answer is recorded;
at the end of the bank's window, `bank_settlement:<refund id>`, the provider is asked what became of the payments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from refund.domain.deadlines import DeadlineKind, name_in
from refund.domain.payments.chargebacks.resuming import RecordHeld
from refund.domain.payments.outcomes import OutcomeCommand, RecordDeclined, RecordDoubtful, RecordIssued
from refund.domain.payments.pending import RecordPending
from refund.domain.payments.refund import Part, Refund
from refund.domain.payments.room import in_the_way
from refund.domain.payments.settlement.window import CloseWindow, vouched_for
from refund.domain.payments.state import Payment
from refund.gateways.port import (
    Answer,
    Declined,
    Doubtful,
    Gateway,
    Issued,
    Pending,
    RefundCall,
    Unanswered,
    checked,
)
from shared.deadlines.effect import Effect
from shared.events.open_enums import known
from shared.events.refund import ManualReason
from shared.observability import metrics
from shared.resilience import crash_points

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

ASK_UNTIL = timedelta(hours=20)
"""Real time from an attempt's beginning to the last call with its key: providers forget keys after a day."""
PEOPLE_AFTER = timedelta(hours=24)
"""Real time after which an outcome that nobody knows is for people: a new key could pay a second time."""
PENDING_UNTIL = timedelta(days=14)
"""The same for what the provider says that it has taken and is not done with, as of transfers that take their days."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=12)
"""Between two questions after what is pending: each comes after half of its age, so that a payment of two weeks fills
its stream with forty words at most.
"""

BEFORE_GATEWAY = crash_points.register(
    "refund.before_gateway", "services/refund/refund/effects.py: the provider is about to be asked"
)
AFTER_GATEWAY = crash_points.register(
    "refund.after_gateway", "services/refund/refund/effects.py: the provider has answered and nothing is recorded"
)

Age = Callable[[RefundCall], Awaitable[timedelta]]
"""How long ago, in real time, the attempt of a call began."""


@dataclass(frozen=True, slots=True)
class Later:
    """The provider is not done with it, and is asked again after the pause."""

    pause: timedelta


@dataclass(frozen=True, slots=True)
class NothingSent:
    """The provider knows of no payment, and is not asked for one: a chargeback is in the way."""


Outcome = Answer | Doubtful | Later | NothingSent


def wanted(payment: Payment, kind: str) -> RefundCall | None:
    """The payment that is still asked for, None where it went, failed for good or was handed to people."""
    found = payment.find(name_in(kind))
    return None if found is None or found[1].pay_at is None else _call(payment, *found)


def _call(payment: Payment, refund: Refund, part: Part) -> RefundCall:
    chargeback = in_the_way(payment, part) if payment.chargebacks else None
    return RefundCall(
        refund_id=part.id,
        order_id=refund.request.order_id,
        payment_id=part.payment_id,
        amount=part.amount,
        destination=known(refund.destination),
        attempt=part.failures,
        doubts=part.doubts,
        pending=part.pending,
        put_off=part.put_off,
        has_waited=part.has_waited,
        account=part.account,
        behind=f"{chargeback.id} {chargeback.state}" if chargeback else None,
    )


async def ask(gateway: Gateway, age: Age, call: RefundCall) -> Outcome:
    """The provider's answer, held against what was asked; Unanswered where the outcome stays unknown.

    What the provider has taken is only asked after. So is an attempt that is too old for its key: a call would pay a
    second time once the provider has forgotten the first; one that was in doubt or has waited before, until it is
    certain that no payment is in the books; and one that a chargeback is in the way of: it may have gone before (T34),
    and a provider that has forgotten its key does not know.
    """
    crash_points.point(BEFORE_GATEWAY)
    old = await age(call)
    if call.behind and not call.pending and old < ASK_UNTIL:
        found = await gateway.find(call)
        return _final(call, found, old) if found else NothingSent()
    if call.pending or old >= ASK_UNTIL:
        return await _looked_up(gateway, call, old)
    found = await gateway.find(call) if call.doubts or call.has_waited else None
    return _final(call, found or await gateway.refund(call), old)


def _final(call: RefundCall, answer: Answer | Pending, old: timedelta) -> Outcome:
    """The answer held against what was asked; while it is none yet asked for later, and for people in the end."""
    held = checked(call, answer)
    if not isinstance(held, Pending):
        return held
    if old < PENDING_UNTIL:
        return Later(min(max(old / 2, SHORTEST_PAUSE), LONGEST_PAUSE))
    return Doubtful(ManualReason.OUTCOME_UNKNOWN, provider_ref=held.provider_ref)


async def _looked_up(gateway: Gateway, call: RefundCall, old: timedelta) -> Outcome:
    try:
        if found := await gateway.find(call):
            return _final(call, found, old)
    except Unanswered:
        if old < (PENDING_UNTIL if call.pending else PEOPLE_AFTER):
            raise
    if old < PEOPLE_AFTER:
        raise Unanswered(f"{call.idempotency_key} is not known to the provider")
    return Doubtful(ManualReason.OUTCOME_UNKNOWN)


def outcome(call: RefundCall, answer: Outcome, now: datetime) -> OutcomeCommand:
    """The command that records the answer."""
    attempt = call.order_id, call.refund_id, call.attempt
    match answer:
        case NothingSent():
            return RecordHeld.of(*attempt, call.behind or "", now)
        case Issued(provider_ref):
            return RecordIssued.of(*attempt, provider_ref, now)
        case Declined(reason):
            return RecordDeclined.of(*attempt, reason, now)
        case Later(pause):
            return RecordPending.of(*attempt, call.put_off, now + pause, now)
        case Doubtful(reason, differs, provider_ref):
            metrics.REFUND_DOUBTS.labels(reason.value).inc()
            return RecordDoubtful.of(
                *attempt, call.doubts, now, reason=reason, differs=differs, provider_ref=provider_ref
            )


def pay(gateway: Gateway, age: Age) -> Effect[Payment, RefundCall, Outcome]:
    """The effect behind the deadlines `pay:…`."""
    return Effect(wanted, lambda call: ask(gateway, age, call), outcome, AFTER_GATEWAY)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A refund whose window ends now, and the calls by which the provider paid it."""

    order_id: str
    refund_id: str
    due_at: datetime
    calls: Sequence[RefundCall]


def still_awaited(payment: Payment, kind: str) -> Awaited | None:
    """The refund whose window ends, None where the bank's word came before. What was paid by hand no provider knows."""
    refund = payment.refunds.get(name_in(kind))
    if refund is None or refund.settle_by is None:
        return None
    calls = [_call(payment, refund, part) for part in vouched_for(refund)]
    return Awaited(refund.request.order_id, refund.request.refund_id, refund.settle_by, calls)


async def look_up(gateway: Gateway, asked: Awaited) -> Sequence[Answer | Doubtful | Pending | None]:
    """What the provider says of each of the payments, held against what was asked."""
    found = await asyncio.gather(*map(gateway.find, asked.calls))
    return [said and checked(call, said) for call, said in zip(asked.calls, found, strict=True)]


def window_closed(asked: Awaited, said: Sequence[Answer | Doubtful | Pending | None], now: datetime) -> CloseWindow:
    """The command that records it: what the provider does not vouch for is nobody's word."""
    answers = dict(zip([call.refund_id for call in asked.calls], said, strict=True))
    credited = frozenset(name for name, each in answers.items() if isinstance(each, Issued) and each.settled)
    sent_back = {name: each.reason for name, each in answers.items() if isinstance(each, Declined)}
    return CloseWindow.of(asked.order_id, asked.refund_id, asked.due_at, credited, sent_back, now)


def settle(gateway: Gateway) -> Effect[Payment, Awaited, Sequence[Answer | Doubtful | Pending | None]]:
    """The effect behind the deadlines `bank_settlement:…`."""
    return Effect(still_awaited, lambda asked: look_up(gateway, asked), window_closed)


def effects_of(gateway: Gateway, age: Age) -> Mapping[str, Effect[Payment, Any, Any]]:
    """What each kind of deadline asks of the provider."""
    return {DeadlineKind.PAY: pay(gateway, age), DeadlineKind.SETTLEMENT: settle(gateway)}


# The log's own clock is the real one, and what starts an attempt stands in the log: no other memory can be lost. Where
# the server's clock was ahead for a moment, what was appended next tells that it was no later than that.
AGE = """
select clock_timestamp() - min(later.recorded_at)
from (
    select max(position) as position from events
    where stream = $1 and data ->> 'refund_id' = split_part($2, '.', 1)
        and coalesce(data -> 'part' ->> 'part_id', $2) = $2
        and split_part(type, '.', 2) in ('RefundApproved', 'RefundFailed', 'RefundRetried')
) as began
join events later on later.position between began.position and began.position + 100
"""


def age_in_log(pool: Pool) -> Age:
    """Ages told from the events that begin an attempt: approval, the failure before, a retry that somebody asked for;
    of a refund in parts those of this part (ADR 44).
    """

    async def age(call: RefundCall) -> timedelta:
        found: timedelta = await pool.fetchval(AGE, f"payment-{call.order_id}", call.refund_id)
        return found

    return age
