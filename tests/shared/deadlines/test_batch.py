"""A batch of timers, on real PostgreSQL: decided and appended together, and each an item of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from shared.deadlines.batch import decide_each
from shared.deadlines.due_loop import DueLoop
from shared.events.base import SYSTEM, Command
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.events.order import OrderCarrierLost
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import PostgresEventStore
from tests.support.servers.stack import eventually
from tests.support.toys.marks import (
    DAY_1,
    DECIDER,
    Expire,
    Flow,
    HandClock,
    mark,
    running,
    starts,
    word,
)


class Appending:
    """A store that notes how many are appended together; `meanwhile` happens once, before the first of them are."""

    def __init__(self, store: PostgresEventStore, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        self._store, self._meanwhile = store, meanwhile
        self.load, self.load_each, self.append = store.load, store.load_each, store.append
        self.read_all, self.head = store.read_all, store.head
        self.sizes: list[int] = []

    async def append_each(self, asked: Iterable[tuple[Sequence[Write], Cause]]) -> Sequence[int | BaseException]:
        batch = list(asked)
        self.sizes.append(len(batch))
        if self._meanwhile:
            meanwhile, self._meanwhile = self._meanwhile, None
            await meanwhile()
        return await self._store.append_each(batch)


def expiry(stream: str) -> Command:
    """The command of a timer that is due."""
    return Expire(
        stream=stream,
        key=stream,
        kind="respond",
        due_at=DAY_1,
        command_id=derived_uuid(stream, "respond"),
        actor=SYSTEM,
        at=DAY_1,
    )


async def test_what_loses_against_somebody_else_begins_again_and_the_others_are_appended(flow: Flow) -> None:
    for n in (1, 2, 3):
        await flow.record(f"order-{n}", starts("respond", DAY_1))
    store = Appending(flow.store, meanwhile=lambda: flow.record("order-2", starts("respond", DAY_1)))
    answers = await decide_each(store, DECIDER, [expiry(f"order-{n}") for n in (1, 2, 3)])
    assert list(answers) == [True, True, True]
    assert await fired(flow) == {"order-1": 2, "order-2": 3, "order-3": 2}


async def test_what_loses_and_is_not_wanted_any_more_appends_nothing(flow: Flow) -> None:
    for n in (1, 2):
        await flow.record(f"order-{n}", starts("respond", DAY_1))
    store = Appending(flow.store, meanwhile=lambda: flow.record("order-1", mark("meanwhile")))
    answers = await decide_each(store, DECIDER, [expiry("order-1"), expiry("order-2")])
    assert list(answers) == [False, True]
    assert word((await flow.store.load("order-1"))[0][-1]) == "meanwhile"


async def test_timers_that_are_due_together_are_appended_together(flow: Flow) -> None:
    await asyncio.gather(*(flow.record(f"order-{n}", starts("respond", DAY_1)) for n in range(30)))
    store = Appending(flow.store)
    async with running(DueLoop(store, DECIDER, flow.pool, Leases(flow.dsn), HandClock(), Expire)):
        await eventually(lambda: all_fired(flow))
    assert store.sizes == [30]
    assert len(await fired(flow)) == 30


async def fired(flow: Flow) -> dict[str, int]:
    """The version at which each stream's deadline has fired."""
    rows = await flow.pool.fetch(
        "select stream, version from events where type like $1", f"%{OrderCarrierLost.__name__}%"
    )
    return {row["stream"]: row["version"] for row in rows}


async def all_fired(flow: Flow) -> bool:
    return not await flow.pool.fetch("select 1 from deadlines")
