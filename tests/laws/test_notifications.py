"""Laws of notifications: whatever dies, and however often an event comes, each side is asked to be told of it once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.domain.notifications.state import NOTICES
from dispute.domain.reminders.keeping import NEAR, KeepReminders
from dispute.domain.reminders.state import REMINDED, kind_of
from dispute.policies import notify
from shared.events.base import SYSTEM, Event
from shared.events.envelope import Cause, Recorded, Write
from shared.events.ids import derived_uuid
from shared.events.notification import NotificationRequested, ReminderSent
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


def keep(market: Market, step: int) -> None:
    """The policy lets the reminders of every dispute follow its deadlines."""
    for n, dispute in enumerate(list(market.disputes)):
        named = {"dispute_id": dispute.opened.dispute_id, "order_id": "o1"}
        command_id = derived_uuid("keep", step, n)
        market.ask(KeepReminders(command_id=command_id, actor=SYSTEM, at=market.now, **named))


def is_waited_for(dispute: Dispute, kind: str, role: str) -> bool:
    """Whether the deadline waits for this side's word."""
    word = {"evidence": role in dispute.case.waits_for, "appeal": role not in {one.by for one in dispute.case.appeals}}
    return word.get(kind, True)


def reminders_follow(market: Market) -> None:
    """What a dispute waits for is reminded of in time, and nothing else is."""
    for dispute in market.disputes:
        stream, earlier = f"reminder-{dispute.opened.dispute_id}", timedelta(hours=dispute.terms.reminder_hours)
        rows = {kind: at for (name, kind), at in market.rows.items() if name == stream}
        waits = {
            (kind_of(kind, role), at)
            for kind, roles in REMINDED.items()
            for role in roles
            if (at := dispute.due(kind)) and is_waited_for(dispute, kind, role)
        }
        assert rows.items() <= {(kind, at - earlier) for kind, at in waits}
        sent = market.state(stream).sent
        assert {(kind, at) for kind, at in waits - sent if at - earlier > market.now} <= {
            (kind, at + earlier) for kind, at in rows.items()
        }


@settings(max_examples=examples(200))
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_s54_reminders_follow_the_deadlines_and_each_is_sent_once_and_in_time(seed: int, steps: int) -> None:
    life = Life(Random(seed))
    for step in range(steps):
        life.step()
        keep(life.market, step)
        reminders_follow(life.market)
    near = [event for event in life.market.events(NotificationRequested) if event.kind == NEAR]
    assert len({(event.about, event.deadline, event.role, event.due_at) for event in near}) == len(near)
    assert all(event.requested_at >= event.due_at - timedelta(hours=24) for event in near)
    assert len(near) == len(life.market.events(ReminderSent))


@settings(max_examples=examples(200))
@given(st.integers(0, 2**32), st.integers(1, 20))
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
    assert all(each.stream.startswith(("notification-", "reminder-")) for each in store.log[len(happened) :])
