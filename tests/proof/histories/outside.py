"""Outside of a history: banks send money back, and the provider sends word of what has become of a payment. Word comes
twice, late, out of order, before what it tells of is recorded, or never.
"""

from __future__ import annotations

from datetime import datetime

from refund.domain.payments.pending import AskNow
from shared.events.base import Command
from tests.proof.histories.world import World
from tests.support.builders import refunds as p

STAYS, LOST, LATE = 0.2, 0.2, 0.3
"""How likely a word is brought again later, and never, and how likely a payment comes back in the end."""


async def bank_sends_back(world: World) -> None:
    """Money that the provider has sent, confirmed or not; word of it follows."""
    if went := sorted(world.provider.went):
        call = world.provider.comes_back(world.chance.choice(went), "account_closed")
        world.sent_back.append((call.refund_id, call.attempt))


async def bank_says_so(world: World) -> None:
    """It is told again as long as the payment is not known of."""
    if world.sent_back:
        n = world.chance.randrange(len(world.sent_back))
        if await _told(world, n) and world.chance.random() >= STAYS:
            del world.sent_back[n]


async def bank_says_all(world: World) -> None:
    """What a bank has sent back does not stay unknown."""
    for n in reversed(range(len(world.sent_back))):
        if await _told(world, n):
            del world.sent_back[n]


async def banks_send_back(world: World) -> None:
    """Some of what has gone, each payment or not. Of one the bank tells, of another the provider sends word, and is
    asked.
    """
    for part_id, call in sorted(world.provider.went.items()):
        if call.idempotency_key in world.stays:
            continue
        world.stays.add(call.idempotency_key)
        if world.chance.random() < LATE:
            world.provider.comes_back(part_id, "account_closed")
            if world.chance.random() < 0.5:
                world.sent_back.append((part_id, call.attempt))
            else:
                world.words.append((f"evt_{world.sent}", part_id))
                world.sent += 1


async def provider_sends_word(world: World) -> None:
    """Of any payment, whether something has become of it or not."""
    if world.parts and world.chance.random() >= LOST:
        world.words.append((f"evt_{world.sent}", world.chance.choice(world.parts).id))
        world.sent += 1


async def word_is_heard(world: World) -> None:
    """Any of those under way: some come twice."""
    if world.words:
        n = world.chance.randrange(len(world.words))
        event_id, part_id = world.words[n] if world.chance.random() < STAYS else world.words.pop(n)
        await world.hear(asked_now(event_id, part_id, world.now))


async def words_are_heard(world: World) -> None:
    """All that are under way, the last first."""
    while world.words:
        event_id, part_id = world.words.pop()
        await world.hear(asked_now(event_id, part_id, world.now))


def asked_now(event_id: str, part_id: str, at: datetime) -> Command:
    """What a message of the provider's leads to: its id is the message's."""
    return AskNow.of(event_id, "o1", part_id, at)


async def _told(world: World, n: int) -> bool:
    """Of what the provider has sent last: where it, or people, have sent the money once more since, the word is about
    nothing that is there.
    """
    part_id, attempt = world.sent_back[n]
    found = world.payment.find(part_id)
    if part_id in world.provider.went or (found and found[1].manual):
        return True
    return await world.carry_out(p.send_back(part_id, at=world.now, attempt=attempt))
