"""Steps of a history: a line in `STEPS` for each kind, with how likely it is. Whatever comes from outside may be
doubled, late, lost or out of order, and the worker may die at any place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import get_args

from refund.domain.decider import decider
from refund.domain.payments.chargeback import first_open
from refund.gateways.port import Unanswered
from shared.events.dispute import RefundSource
from shared.events.envelope import Cause
from shared.events.refund import RefundReRequested
from shared.eventstore.command_handling import handle
from shared.rejections import Rejected
from tests.proof.histories import bank, outside, people
from tests.proof.histories.world import STREAM, Answered, Died, Place, World
from tests.support.builders import refunds as p
from tests.support.toys import worst_provider

MOST_CLAIMS = 6
LINES, MINOR = ("a", "a", "a", "b", "b", "b", "c"), (0, 1, 1, 1, 2, 2, 3, 4, 6)
WHY: Sequence[dict[str, object]] = (
    {},
    {"dispute_id": "dsp_9a32", "source": RefundSource.MEDIATION},
    {"source": RefundSource.RETURN, "return_id": "ret_9a31"},
    {"dispute_id": None, "source": RefundSource.CANCELLATION},
    {"dispute_id": None, "source": RefundSource.GOODWILL, "goodwill_id": "gwl_9a31"},
)
"""Of a dispute's agreement, or on another ground."""
PLACES: Sequence[Place | None] = (None, None, None, *get_args(Place))
FAULTS = ("none", "none", "none", *worst_provider.FAULTS)
PASSES = [timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=3), timedelta(hours=19), timedelta(hours=25)]
LEAPS = [timedelta(seconds=-5), timedelta(hours=-1), timedelta(minutes=10), timedelta(days=2)]

Step = Callable[[World], Awaitable[None]]


async def claim(world: World) -> None:
    """A refund is asked for, at times of more than there is."""
    claims = sum(1 for said in world.topic if hasattr(said.event, "refund_id"))
    if claims < MOST_CLAIMS:
        lines = world.chance.sample(LINES, world.chance.choice((1, 1, 2)))
        minor = {line: world.chance.choice(MINOR) for line in lines}
        why = world.chance.choice(WHY)
        world.claim(f"rfd_{claims}", minor, payment_id=world.chance.choice(("pay1", "pay1", "pay2")), **why)


async def deliver(world: World) -> None:
    """The topic brings what nobody has acknowledged, in any order, and what comes before what it follows from waits;
    the worker may die before it acknowledges it.
    """
    if not world.waiting:
        return
    n = world.chance.choice(sorted(world.waiting))
    with contextlib.suppress(Rejected):
        async with world.worker(world.chance.choice(PLACES)):
            await world.policy.act(world.topic[n])
            if world.chance.random() < 0.8:
                world.waiting.discard(n)


async def deliver_all(world: World) -> None:
    """The topic brings the rest, as it was said."""
    for n in sorted(world.waiting):
        await world.policy.act(world.topic[n])
    world.waiting.clear()


async def deliver_again(world: World) -> None:
    """The topic brings what was delivered long ago."""
    with contextlib.suppress(Rejected):
        async with world.worker():
            await world.policy.act(world.chance.choice(world.topic))


async def ask(world: World) -> None:
    """The provider is asked for what is due, and fails in one of its ways; the worker may die with the answer."""
    due = sorted(kind for (_, kind), due_at in world.store.deadlines.items() if due_at <= world.now)
    if due:
        await ask_for(world, world.chance.choice(due), world.chance.choice(FAULTS))
    if world.chance.random() < 0.2:
        world.answers.clear()


async def ask_for(world: World, kind: str, fault: str) -> None:
    effect = world.effects[kind.partition(":")[0]]
    wanted = effect.wanted(world.payment, kind)
    if wanted is None:
        del world.store.deadlines[STREAM.name, kind]
        return
    world.provider.fault, world.provider.now = fault, world.real
    paid, is_open = len(world.provider.ledger), first_open(world.payment.chargebacks)
    with contextlib.suppress(Unanswered):
        world.answers.append(Answered(effect, wanted, await effect.call(wanted)))
    assert not is_open or len(world.provider.ledger) == paid, "paid while a chargeback is open"


async def record(world: World) -> None:
    """An answer is recorded, not always the first that came, and at times once more later."""
    if world.answers:
        n = world.chance.randrange(len(world.answers))
        answered = world.answers[n] if world.chance.random() < 0.2 else world.answers.pop(n)
        async with world.worker(world.chance.choice(PLACES)):
            command = answered.command(world.now)
            await handle(world.store, decider, command, Cause.of(command))


async def crash(world: World) -> None:
    async with world.worker():
        raise Died


async def time_passes(world: World) -> None:
    world.real += world.chance.choice(PASSES)


async def clock_leaps(world: World) -> None:
    """The domain's clock leaves the real one."""
    world.ahead += world.chance.choice(LEAPS)


async def bank_speaks(world: World) -> None:
    """The bank confirms a credit, perhaps of what has not gone."""
    if world.parts:
        part = world.chance.choice(world.parts)
        await world.carry_out(p.settle(part.id, at=world.now, attempt=part.failures))


async def old_news(world: World) -> None:
    """The refusal of an attempt that is over comes once more."""
    parts = [part for part in world.parts if part.failures]
    if parts:
        part = world.chance.choice(parts)
        command = p.decline(world.chance.randrange(part.failures), part.id, at=world.now)
        await handle(world.store, decider, command, Cause.of(command))


async def hear_what_is_asked_again(world: World) -> None:
    """The dispute service asks for what support asks for again, at times twice."""
    for event in [recorded.event for recorded in world.store.log]:
        if isinstance(event, RefundReRequested) and event.replaced_by not in world.payment.refunds:
            minor = {line.line_id: line.amount.minor for line in event.lines}
            world.claim(event.replaced_by, minor, payment_id="pay1", replaces=event.refund_id)


STEPS: Sequence[tuple[int, Step]] = (
    (3, claim),
    (5, deliver),
    (1, deliver_again),
    (6, ask),
    (5, record),
    (1, crash),
    (2, time_passes),
    (1, clock_leaps),
    (1, bank_speaks),
    (1, old_news),
    (1, people.buyer_retries),
    (1, people.somebody_proposes),
    (1, people.somebody_answers),
    (1, hear_what_is_asked_again),
    (1, bank.opens_a_chargeback),
    (1, bank.decides_a_chargeback),
    (1, bank.is_told_of_what_crossed),
    (1, outside.bank_sends_back),
    (1, outside.bank_says_so),
    (1, outside.provider_sends_word),
    (1, outside.word_is_heard),
)
"""How likely, and what."""
