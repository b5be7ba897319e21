"""Laws of notifications: whatever dies, and however often an event comes, each side is asked to be told of it once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.domain.notifications.state import NOTICES
from dispute.policies import notify
from shared.events.base import Event
from shared.events.envelope import Cause, Recorded, Write
from shared.events.ids import derived_uuid
from shared.events.notification import NotificationRequested
from shared.eventstore.memory import MemoryEventStore
from shared.subscriptions.policy import Policy
from tests.laws.size import examples
from tests.support.dispute_service import Market
from tests.support.random_life import Life


class Killed(Exception):
    """The worker dies here."""


class Mortal(MemoryEventStore):
    """A store whose process dies now and then, before an append or right behind it."""

    def __init__(self, dice: Random) -> None:
        super().__init__(decider.deadlines)
        self.dice = dice
        self.mortal = False

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        """As ever, or dies."""
        self._die()
        position = await super().append(writes, cause)
        self._die()
        return position

    def _die(self) -> None:
        if self.mortal and self.dice.randrange(3) == 0:
            raise Killed


async def lived(dice: Random, steps: int) -> Mortal:
    """A store with what happened in a life, stream by stream."""
    life = Life(dice)
    for _ in range(steps):
        life.step()
    return await _stored(dice, life.market)


async def _stored(dice: Random, market: Market) -> Mortal:
    store = Mortal(dice)
    for stream, events in market.streams.items():
        for version, event in enumerate(events):
            cause = Cause(derived_uuid(stream, version), market.now, "system:makewhole")
            await store.append([Write(stream, "o1", version, [event])], cause)
    return store


async def follow(store: Mortal, told: Sequence[Recorded[Event]]) -> None:
    """A worker follows the topic from where the checkpoint stands, dies, and begins there again."""
    policy, done = Policy(notify, store, decider), 0
    while done < len(told):
        with contextlib.suppress(Killed):
            for place, recorded in enumerate(told[done:], done + 1):
                await policy.act(recorded)
                done = store.dice.choice([done, place])  # the checkpoint is saved now and then
            done = len(told)


@settings(max_examples=examples(200))
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_s54_a_notification_is_asked_for_once_by_event_and_recipient_whatever_dies(seed: int, steps: int) -> None:
    asyncio.run(_asked_for_once(Random(seed), steps))


async def _asked_for_once(dice: Random, steps: int) -> None:
    store = await lived(dice, steps)
    happened = list(store.log)
    store.mortal = True
    await follow(store, happened)
    asked = Counter(
        (each.event.source_event, each.event.role)
        for each in store.log
        if isinstance(each.event, NotificationRequested)
    )
    causes = ((each, NOTICES[type(each.event)]) for each in happened if type(each.event) in NOTICES)
    assert asked == Counter((each.id, role) for each, notice in causes for role in notice.roles(each.event))
    assert [each for each in store.log[: len(happened)]] == happened
    assert all(each.stream.startswith("notification-") for each in store.log[len(happened) :])
