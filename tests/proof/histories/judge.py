"""Judge of a history: what holds after every step, and how it ends."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from shared.events.refund import RefundIssued, RefundReturnedByBank
from tests.proof.histories import bank, outside, people
from tests.proof.histories.steps import ask_for, deliver_all, hear_what_is_asked_again
from tests.proof.histories.world import STREAM, World
from tests.support.builders import refunds as p

ROUNDS = 60
"""Within which everything has ended, once nothing fails any more."""
AN_HOUR = timedelta(hours=1)
ENDED = (RefundState.ISSUED, RefundState.SETTLED, RefundState.ABANDONED)


def judge(world: World) -> None:
    """The cap holds behind every event, and in the provider's ledger; nothing is paid or confirmed twice."""
    for event in world.unseen():
        world.payment = decider.fold(STREAM.name, [event], world.payment)
        _within_the_cap(world)
        if isinstance(event, RefundIssued):
            assert (event.refund_id, "issued") not in world.confirmed, f"{event.refund_id} is confirmed twice"
            world.confirmed.add((event.refund_id, "issued"))
        if isinstance(event, RefundReturnedByBank):
            world.confirmed.discard((event.refund_id, "issued"))
    bank.judge(world)
    times = Counter(part_id for part_id, _ in world.provider.ledger)
    assert max(times.values(), default=1) == 1, f"paid twice: {times}"


def _within_the_cap(world: World) -> None:
    """Of each payment, in total and of each line: what is reserved and what has gone."""
    gone = dict(world.provider.ledger)
    left = {
        capture.payment_id: Counter({line.line_id: line.amount.minor for line in capture.lines})
        for capture in world.payment.captures.values()
    }
    for part in world.payment.parts:
        if part.reserves or part.id in gone:
            left[part.payment_id].subtract({line.line_id: line.amount.minor for line in part.lines})
    assert all(minor >= 0 for lines in left.values() for minor in lines.values()), f"above the cap: {left}"


async def end(world: World) -> Counter[str]:
    """Nothing fails any more: all that was said is heard, all that is due is done, and people decide what is theirs,
    though banks still send some of it back. How many refunds have ended in which state; an error where one has not.
    """
    world.answers.clear()
    for _ in range(ROUNDS):
        if not await _something_left(world):
            break
    else:
        raise AssertionError(f"still not ended: {[(each.state, each.proposal) for each in world.refunds]}")
    await _bank_confirms(world)
    return Counter(str(refund.state) for refund in world.refunds)


async def _something_left(world: World) -> bool:
    """Does a round of what is left to do; False where there was nothing."""
    world.real += AN_HOUR
    await bank.decides_all(world)
    await outside.banks_send_back(world)
    await outside.bank_says_all(world)
    await outside.words_are_heard(world)
    await hear_what_is_asked_again(world)
    await deliver_all(world)
    judge(world)
    due = dict(world.store.deadlines)
    for (_, kind), due_at in sorted(due.items()):
        world.real = max(world.real, due_at - world.ahead)
        await ask_for(world, kind, "none")
        await _record_all(world)
    open_ = [refund for refund in world.refunds if refund.state not in ENDED and not refund.again]
    for refund in open_:
        await _people_decide(world, refund.request.refund_id)
        judge(world)
    return bool(due or open_)


async def _record_all(world: World) -> None:
    for answered in world.answers:
        await world.carry_out(answered.command(world.now))
    world.answers.clear()
    judge(world)


async def _people_decide(world: World, refund_id: str) -> None:
    """The second person answers what is proposed; what cannot be answered any more, another proposal takes the place
    of.
    """
    made = world.payment.refund(refund_id).proposal
    if made:
        await people.answer(world, made, agrees=True)
        judge(world)
    refund = world.payment.refund(refund_id)
    if refund.proposal is made:
        await people.propose(world, refund)


async def _bank_confirms(world: World) -> None:
    """Of everything that went."""
    for part in world.parts:
        await world.carry_out(p.settle(part.id, at=world.now, attempt=part.failures))
    judge(world)
