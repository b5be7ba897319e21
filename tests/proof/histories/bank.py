"""Bank of a history: the buyer takes money back through it while refunds are asked for and paid."""

from __future__ import annotations

from collections import Counter
from typing import Any

from shared.events.outside.chargeback import RepresentmentDue
from tests.proof.histories.world import World
from tests.support.builders import chargebacks as b

CHARGEBACKS = ("cb1", "cb2")


async def opens_a_chargeback(world: World) -> None:
    """Of one of the payments, at times of more than there is, and at times told again."""
    about: dict[str, Any] = {
        "payment_id": world.chance.choice(("pay1", "pay1", "pay2")),
        "amount": world.money(world.chance.randint(1, 18)),
    }
    await world.carry_out(b.opens(world.chance.choice(CHARGEBACKS), at=world.now, **about))


async def decides_a_chargeback(world: World) -> None:
    """For the buyer, in part perhaps, or for the seller; also of one that nobody has told of."""
    await decide(world, world.chance.choice(CHARGEBACKS))


async def decide(world: World, chargeback_id: str) -> None:
    result = world.chance.choice((b.PAID, b.NOT_PAID))
    part = world.money(world.chance.randint(1, 6)) if world.chance.random() < 0.3 else None
    await world.carry_out(b.decides(result, chargeback_id, at=world.now, amount=part))


async def is_told_of_what_crossed(world: World) -> None:
    """Support tells the bank of a refund that it did not know of."""
    for one in world.payment.chargebacks.values():
        for due in one.due:
            await world.carry_out(b.told(one.id, at=world.now, representment_id=due.representment_id))


async def decides_all(world: World) -> None:
    """No chargeback stays open for ever."""
    for one in list(world.payment.chargebacks.values()):
        if one.is_open:
            await world.carry_out(b.decides(b.NOT_PAID, one.id, at=max(world.now, one.opened.opened_at)))


def judge(world: World) -> None:
    """What went and what banks have paid is within what was captured, but for what crossed in flight, of which the bank
    is to be told once each.
    """
    due = [recorded.event for recorded in world.store.log if isinstance(recorded.event, RepresentmentDue)]
    assert len(due) == len({(event.chargeback_id, event.part_id) for event in due}), "told twice of what crossed"
    crossed = Counter[str]()
    for event in due:
        crossed[event.payment_id] += event.amount.minor
    for name, capture in world.payment.captures.items():
        lost = sum(one.taken for one in world.payment.chargebacks.values() if one.is_lost and one.payment_id == name)
        gone = sum(part.amount.minor for part in world.payment.parts if part.issued_at and part.payment_id == name)
        assert gone + lost <= capture.amount.minor + crossed[name], f"{name}: {gone} went, {lost} are lost"
