"""The due loop, on real PostgreSQL: every deadline is asked once, at its time; every outside call has one outcome."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_stack.state import PROJECT
from shared.deadlines import due_loop
from shared.deadlines.due_loop import DueLoop
from shared.decider import Decider
from shared.events.base import SYSTEM, Command, Event, StreamOfKey
from shared.events.codec import EVENT_CLASSES, type_name
from shared.events.envelope import Recorded
from shared.events.ids import derived_uuid
from shared.events.order import OrderCarrierLost
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import PostgresEventStore
from tests.cases.plugin import Came
from tests.shared.subscriptions.test_subscription import cut_all
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys import newer
from tests.support.toys.marks import (
    DAY_1,
    DECIDER,
    SOON,
    Expire,
    Flow,
    HandClock,
    mark,
    running,
    starts,
    word,
)
from tests.support.toys.provider import AFTER_GATEWAY, PAYING, Bank, paying


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def loop_of(flow: Flow, clock: HandClock, decider: Decider = DECIDER, **more: Any) -> DueLoop:
    return DueLoop(flow.store, decider, flow.pool, Leases(flow.dsn), clock, Expire, **more)


async def kinds(flow: Flow) -> Sequence[str]:
    return [row["kind"] for row in await flow.pool.fetch("select kind from deadlines order by kind")]


async def last_event(flow: Flow, stream: str) -> Event:
    (events,) = await flow.store.load(stream)
    return events[-1].event


async def is_quiet(loop: DueLoop) -> bool:
    return await loop.quiet() is None


async def test_a_deadline_is_asked_when_it_is_due_and_not_a_moment_before(flow: Flow, clock: HandClock) -> None:
    await flow.record("order-1", starts("respond", SOON))
    async with running(loop := loop_of(flow, clock)):
        clock.move(SOON - timedelta(microseconds=1))
        await eventually(partial(is_quiet, loop))
        assert await kinds(flow) == ["respond"]
        assert await loop.next_deadline() == SOON
        clock.move(SOON)
        await eventually(lambda: no_deadlines(flow))
        await eventually(partial(is_quiet, loop))
    assert await last_event(flow, "order-1") == OrderCarrierLost(order_id="respond", lost_at=SOON)
    assert await loop.next_deadline() is None


async def no_deadlines(flow: Flow) -> bool:
    return not await kinds(flow)


async def test_the_timers_command_is_the_systems_and_its_id_follows_from_the_deadline(
    flow: Flow, clock: HandClock
) -> None:
    await flow.record("order-1", starts("respond", DAY_1))
    async with running(loop_of(flow, clock)):
        await eventually(lambda: no_deadlines(flow))
    (events,) = await flow.store.load("order-1")
    assert events[-1].metadata.command_id == derived_uuid("order-1", "respond", "2026-03-02T09:00:00.000000Z")
    assert events[-1].metadata.actor == str(SYSTEM)
    assert events[-1].metadata.correlation == "story"


async def test_a_deadline_that_the_stream_does_not_want_any_more_is_dropped(flow: Flow, clock: HandClock) -> None:
    await flow.record("order-1", starts("respond", DAY_1), mark("meanwhile"))
    async with running(loop := loop_of(flow, clock)):
        await eventually(partial(is_quiet, loop))
    assert await kinds(flow) == []
    assert word((await flow.store.load("order-1"))[0][-1]) == "meanwhile"


@pytest.mark.case(
    "EH2", given="300 due deadlines of a kind that only a newer version knows", right="300 left, 300 fired by it"
)
async def test_a_deadline_of_a_kind_that_only_a_newer_version_knows_is_left_alone(
    flow: Flow, clock: HandClock, came: Came
) -> None:
    """Neither fired nor dropped nor waited for, as a timer or as a call, however many stand before what is known."""
    strange = {f"order-{n}": f"newly:{n}" for n in range(300)}
    await asyncio.gather(*(flow.record(stream, starts(kind, DAY_1)) for stream, kind in strange.items()))
    await flow.record("order-known", starts("respond", DAY_1 + timedelta(seconds=1)))
    await flow.record("order-paid", starts("pay:paid", DAY_1 + timedelta(seconds=1)))
    clock.move(SOON)
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank := Bank()))):
        await eventually(partial(is_quiet, loop))
    assert (bank.calls, set(left := await kinds(flow))) == (1, set(strange.values()))
    assert await loop.next_deadline() is None
    newer = loop_of(flow, clock, knowing("newly"))
    async with running(newer):
        await eventually(partial(is_quiet, newer))
    fired = await flow.pool.fetchval("select count(*) from events where type like '%OrderCarrierLost%'")
    came(f"{len(left)} left, {fired - 2} fired by it")


async def names_held(loop: DueLoop, deadline: str) -> bool:
    return f"{deadline} is held back: " in (await loop.quiet() or "")


def knowing(*more: str) -> Decider:
    """The decider of a version that knows further kinds of deadlines."""
    streams = {name: replace(stream, kinds=(*stream.kinds, *more)) for name, stream in DECIDER.streams.items()}
    return replace(DECIDER, streams=streams)


async def test_a_stream_that_needs_a_next_version_keeps_its_deadline_and_no_other_waits_for_it(
    flow: Flow, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reroute = newer.OrderRerouted(order_id="1", via=newer.DEPOT)
    await flow.record("order-1", reroute, starts("respond", DAY_1))
    await flow.record("order-2", reroute, starts("pay:2", DAY_1))
    await flow.record("order-3", starts("respond", DAY_1))
    await flow.record("order-4", starts("pay:4", DAY_1))
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank := Bank()))):
        await eventually(lambda: left_are(flow, ["order-1", "order-2"]))
        assert (bank.book, (await flow.store.load("order-3"))[0][-1].event) == (
            {"4": 1},
            OrderCarrierLost(order_id="respond", lost_at=DAY_1),
        )
        await eventually(lambda: names_held(loop, "respond of order-1"))
        assert (await loop.quiet() or "").endswith("needs a newer version: run a worker that can read the stream")
        monkeypatch.setitem(EVENT_CLASSES, type_name(type(reroute)), type(reroute))
        await eventually(partial(is_quiet, loop))
    assert bank.book == {"2": 1, "4": 1}


async def test_a_loop_that_knows_no_kind_waits_until_it_is_told_to_stop(flow: Flow, clock: HandClock) -> None:
    await flow.record("order-1", starts("respond", DAY_1))
    streams = {name: replace(stream, kinds=()) for name, stream in DECIDER.streams.items()}
    loop = loop_of(flow, clock, replace(DECIDER, streams=streams))
    task = asyncio.create_task(loop.run())
    await eventually(partial(is_quiet, loop))
    assert not task.done()
    loop.stop()
    await asyncio.wait_for(task, LIMIT)
    assert await kinds(flow) == ["respond"]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(
            timedelta(milliseconds=5),
            marks=pytest.mark.case("EH3", given="the clock steps back 5 ms after the due query", right="fired"),
        ),
        pytest.param(
            timedelta(seconds=5),
            marks=pytest.mark.case("EH3+1", given="the clock steps back 5 s after the due query", right="fired"),
        ),
        pytest.param(
            timedelta(days=400),
            marks=pytest.mark.case("EH3+2", given="the clock steps back 400 days after the due query", right="fired"),
        ),
    ],
)
async def test_a_clock_that_steps_back_loses_no_deadline(flow: Flow, step: timedelta, came: Came) -> None:
    """Found due at one moment, it is decided as of that moment, though the clock says less by then."""

    instants = itertools.cycle([DAY_1, DAY_1 - step])

    class Stepping(HandClock):
        def now(self) -> datetime:
            return next(instants)

    await flow.record("order-1", starts("respond", DAY_1))
    async with running(loop_of(flow, Stepping())):
        await eventually(lambda: no_deadlines(flow))
    fired = await last_event(flow, "order-1") == OrderCarrierLost(order_id="respond", lost_at=DAY_1)
    came("fired" if fired else "lost")


@pytest.mark.case(
    "EH3+3", given="two workers whose clocks are 5 s apart, one deadline each second", right="10 fired once"
)
async def test_workers_whose_clocks_differ_fire_each_deadline_once(flow: Flow, clock: HandClock, came: Came) -> None:
    for n in range(10):
        await flow.record(f"order-{n}", starts("respond", DAY_1 + timedelta(seconds=n)))
    ahead, behind = HandClock(DAY_1 + timedelta(seconds=5)), clock
    first, second = loop_of(flow, ahead), loop_of(flow, behind)
    async with running(first):
        await eventually(partial(is_quiet, first))
    async with running(second):
        await eventually(partial(is_quiet, second))
        behind.move(DAY_1 + timedelta(seconds=10))
        await eventually(lambda: no_deadlines(flow))
    fired = await flow.pool.fetchval("select count(*) from events where type like '%OrderCarrierLost%'")
    came(f"{fired} fired once")


@pytest.mark.case(
    "EH2+1", given="nothing is decided on a deadline that the state still wants", right="fired at the third try"
)
async def test_a_deadline_that_is_still_wanted_is_never_dropped(flow: Flow, clock: HandClock, came: Came) -> None:
    """Nothing decided is not nothing wanted."""
    asked = 0

    def hesitant(command: Command, state: Sequence[Event]) -> Any:
        nonlocal asked
        asked += 1
        return [] if asked < 3 else DECIDER.decide(command, tuple(state))

    await flow.record("order-1", starts("respond", DAY_1))
    async with running(loop := loop_of(flow, clock, Decider(DECIDER.streams, hesitant))):
        await eventually(partial(is_quiet, loop))
    assert isinstance(await last_event(flow, "order-1"), OrderCarrierLost)
    came(f"fired at the {'third' if asked == 3 else asked} try")


@pytest.mark.case("EL8", given="cleared and started again at the same instant while it is dropped", right="fired")
async def test_a_deadline_that_was_started_again_at_the_same_instant_stays(
    flow: Flow, clock: HandClock, came: Came
) -> None:
    await flow.record("order-1", starts("respond", DAY_1), mark("meanwhile"))

    class StartedAgain(Overtaken):
        async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
            found = await self._store.load(*streams)
            if not self._started:  # the fold that says that nobody wants it
                self._started = True
                await flow.record("order-1", starts("respond", DAY_1))
            return found

        _started = False

    async with running(loop := DueLoop(StartedAgain(flow.store), DECIDER, flow.pool, Leases(flow.dsn), clock, Expire)):
        await eventually(partial(is_quiet, loop))
    came("fired" if isinstance(await last_event(flow, "order-1"), OrderCarrierLost) else "lost")


async def test_a_deadline_that_was_moved_meanwhile_stays(flow: Flow, clock: HandClock) -> None:
    """The loop has the old instant in hand, finds nothing to decide, and must not take the new one away."""
    await flow.record("order-1", starts("respond", DAY_1))

    class Moving(Overtaken):
        async def overtake(self) -> None:
            await flow.record("order-1", starts("respond", SOON))

    async with running(loop := DueLoop(Moving(flow.store), DECIDER, flow.pool, Leases(flow.dsn), clock, Expire)):
        await eventually(partial(is_quiet, loop))
    assert await loop.next_deadline() == SOON


class Overtaken:
    """A store on which somebody else is quicker, once, between the loop's taking a deadline in hand and its loading
    the stream.
    """

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self._done = False
        self.append, self.append_each, self.read_all, self.head = (
            store.append,
            store.append_each,
            store.read_all,
            store.head,
        )

    async def overtake(self) -> None: ...

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        return await self._store.load(*streams)

    async def load_each(
        self, asked: Iterable[Sequence[str | StreamOfKey]]
    ) -> Sequence[Sequence[Sequence[Recorded[Event]]] | BaseException]:
        if not self._done:
            self._done = True
            await self.overtake()
        return await self._store.load_each(asked)


async def test_a_new_deadline_that_is_due_at_once_fires_within_moments(flow: Flow, clock: HandClock) -> None:
    async with running(loop := loop_of(flow, clock)):
        await eventually(partial(is_quiet, loop))
        for n in range(10):
            await flow.record(f"order-{n}", starts("now", DAY_1))
            await eventually(lambda: no_deadlines(flow))


async def test_time_that_passes_by_itself_wakes_the_loop(flow: Flow) -> None:
    class Passing(HandClock):
        def now(self) -> datetime:
            return DAY_1 + timedelta(seconds=asyncio.get_running_loop().time() - began)

    began = asyncio.get_running_loop().time()
    await flow.record("order-1", starts("respond", DAY_1 + timedelta(seconds=0.7)))
    async with running(loop_of(flow, Passing())):
        await eventually(lambda: no_deadlines(flow))
    assert asyncio.get_running_loop().time() - began >= 0.7


async def test_thousands_due_at_once_each_fire_once(flow: Flow, clock: HandClock) -> None:
    for hundred in range(30):
        await asyncio.gather(*(flow.record(f"order-{hundred}{n:02}", starts("respond", SOON)) for n in range(100)))
    await flow.record("order-later", starts("respond", SOON + timedelta(seconds=1)))
    async with running(loop := loop_of(flow, clock)):
        clock.move(SOON)
        await eventually(partial(is_quiet, loop))
    fired = await flow.pool.fetch(
        "select stream, count(*) as n from events where type like '%OrderCarrierLost%' group by stream"
    )
    assert len(fired) == 3000
    assert {row["n"] for row in fired} == {1}
    assert await loop.next_deadline() == SOON + timedelta(seconds=1)


async def test_two_loops_fire_each_deadline_once(flow: Flow, clock: HandClock) -> None:
    await asyncio.gather(*(flow.record(f"order-{n}", starts("respond", DAY_1)) for n in range(200)))
    first, second = loop_of(flow, clock), loop_of(flow, clock)
    async with running(second):
        async with running(first):
            await eventually(lambda: no_deadlines(flow))
        await flow.record("order-late", starts("respond", DAY_1))
        await eventually(lambda: no_deadlines(flow))
    assert await flow.pool.fetchval("select count(*) from events where type like '%OrderCarrierLost%'") == 201


async def test_a_deadline_that_cannot_be_decided_is_held_back_and_no_other_waits_for_it(
    flow: Flow, clock: HandClock
) -> None:
    mended = False

    def decide(command: Command, state: Sequence[Event]) -> Any:
        if isinstance(command, Expire) and command.kind == "broken" and not mended:
            raise ZeroDivisionError("a defect")
        return DECIDER.decide(command, tuple(state))

    await asyncio.gather(*(flow.record(f"order-{n}", starts("broken", DAY_1)) for n in range(600)))
    await flow.record("order-good", starts("respond", DAY_1 + timedelta(seconds=1)))
    clock.move(SOON)
    async with running(loop := loop_of(flow, clock, Decider(DECIDER.streams, decide))):
        await eventually(lambda: kinds_are(flow, ["broken"]))
        await eventually(lambda: names_held(loop, "broken of order-0"))
        assert (await loop.quiet() or "").endswith("the worker's log says more: ZeroDivisionError")
        mended = True
        await eventually(partial(is_quiet, loop))


async def test_what_fails_in_a_batch_fails_alone(flow: Flow, clock: HandClock) -> None:
    """Refused, unreadable, overtaken, cleared, impossible to ask for: each stands beside ninety that fire, and two of
    one stream are asked one after the other.
    """

    def decide(command: Command, state: Sequence[Event]) -> Any:
        if isinstance(command, Expire) and command.kind == "broken":
            raise ZeroDivisionError("a defect")
        return DECIDER.decide(command, tuple(state))

    def expire(**fields: Any) -> Expire:
        if fields["stream"] == "order-poison":
            raise ValueError("no such command")
        return Expire(**fields)

    class Moving(Overtaken):
        async def overtake(self) -> None:
            await flow.record("order-moved", starts("respond", SOON))

    reroute = newer.OrderRerouted(order_id="1", via=newer.DEPOT)
    for stream in ("order-moved", "order-poison", *(f"order-{n}" for n in range(90))):
        await flow.record(stream, starts("respond", DAY_1))
    await flow.record("order-newer", reroute, starts("respond", DAY_1))
    await flow.record("order-broken", starts("broken", DAY_1), starts("respond", DAY_1))
    await flow.record("order-cleared", starts("respond", DAY_1), mark("meanwhile"))
    loop = DueLoop(Moving(flow.store), Decider(DECIDER.streams, decide), flow.pool, Leases(flow.dsn), clock, expire)
    async with running(loop):
        await eventually(lambda: left_are(flow, ["order-broken", "order-moved", "order-newer", "order-poison"]))
    fired = await flow.pool.fetchval("select count(*) from events where type like '%OrderCarrierLost%'")
    assert fired == 91


async def left_are(flow: Flow, streams: Sequence[str]) -> bool:
    return [row["stream"] for row in await flow.pool.fetch("select stream from deadlines order by 1")] == streams


async def kinds_are(flow: Flow, expected: Sequence[str]) -> bool:
    return sorted(set(await kinds(flow))) == list(expected)


async def test_a_due_effect_is_called_and_its_outcome_recorded(flow: Flow, clock: HandClock) -> None:
    bank = Bank()
    await flow.record("order-7", starts("pay:7", DAY_1))
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank))):
        await eventually(partial(is_quiet, loop))
    assert bank.book == {"7": 1}
    assert await kinds(flow) == []
    assert await last_event(flow, "order-7") == OrderCarrierLost(order_id="pay:7", lost_at=DAY_1)


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_an_unknown_outcome_records_nothing_and_is_asked_again_with_the_same_key(
    flow: Flow, clock: HandClock, fault: str
) -> None:
    bank = Bank([fault, fault])
    await flow.record("order-7", starts("pay:7", DAY_1))
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank))):
        await eventually(partial(is_quiet, loop))
    assert bank.calls == 3
    assert bank.book == {"7": 1}


async def test_an_effect_that_nothing_wants_any_more_is_dropped_without_a_call(flow: Flow, clock: HandClock) -> None:
    bank = Bank()
    await flow.record("order-7", starts("pay:7", DAY_1), mark("withdrawn"))
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank))):
        await eventually(partial(is_quiet, loop))
    assert bank.calls == 0
    assert await kinds(flow) == []


async def test_an_outcome_that_settles_nothing_never_takes_the_deadline_away(flow: Flow, clock: HandClock) -> None:
    bank = Bank()
    await flow.record("order-7", starts("pay:7", DAY_1))
    async with running(loop_of(flow, clock, PAYING, effects=paying(bank, "nothing"))):
        await eventually(lambda: bank.calls >= 3)
    assert await kinds(flow) == ["pay:7"]


async def test_sixteen_calls_at_a_time_and_timers_do_not_wait_for_them(flow: Flow, clock: HandClock) -> None:
    bank = Bank(["silent"] * 40)
    for n in range(40):
        await flow.record(f"order-{n}", starts(f"pay:{n}", DAY_1))
    await flow.record("order-timer", starts("respond", SOON))
    async with running(loop := loop_of(flow, clock, PAYING, effects=paying(bank))):
        await eventually(lambda: bank.under_way == 16)
        clock.move(SOON)
        await eventually(lambda: respond_is_gone(flow))
        assert "16 in hand" in (await loop.quiet() or "")
    assert bank.most == 16


async def test_a_loop_that_is_told_to_stop_finishes_what_it_has_in_hand(flow: Flow, clock: HandClock) -> None:
    bank = Bank(gate=(gate := asyncio.Event()))
    for n in range(40):
        await flow.record(f"order-{n}", starts(f"pay:{n}", DAY_1))
    loop = loop_of(flow, clock, PAYING, effects=paying(bank))
    task = asyncio.create_task(loop.run())
    await eventually(lambda: bank.under_way == 16)
    loop.stop()
    gate.set()
    await asyncio.wait_for(task, LIMIT)
    assert bank.calls == 16
    assert len(await kinds(flow)) == 24


async def respond_is_gone(flow: Flow) -> bool:
    return "respond" not in await kinds(flow)


@pytest.mark.parametrize("point", [due_loop.BEFORE_APPEND, due_loop.AFTER_APPEND, AFTER_GATEWAY])
async def test_a_loop_killed_at_any_point_pays_once(flow: Flow, tmp_path: Path, point: str) -> None:
    for n in range(20):
        await flow.record(f"order-{n}", starts(f"pay:{n}", DAY_1))
    environment = {**os.environ, "CRASH": f"{point}:7", "MAKEWHOLE_STATE": str(tmp_path)}
    command = [sys.executable, "-m", "tests.support.toys.marks_process", "due", flow.dsn, "no kafka", "no topic"]
    first = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=environment)
    assert await asyncio.wait_for(first.wait(), LIMIT) == -signal.SIGKILL
    second = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=environment)
    await eventually(lambda: no_deadlines(flow))
    second.terminate()
    await asyncio.wait_for(second.wait(), LIMIT)
    assert await flow.pool.fetchval("select count(*) from events where type like '%OrderCarrierLost%'") == 20
    keys = (tmp_path / "calls").read_text().split()
    assert set(keys) == {str(n) for n in range(20)}
    assert len(keys) <= 20 + 16


async def test_a_database_that_drops_every_connection_is_waited_for(flow: Flow, clock: HandClock) -> None:
    async with running(loop := loop_of(flow, clock)):
        await flow.record("order-1", starts("respond", DAY_1))
        await eventually(lambda: no_deadlines(flow))
        await cut_all(flow)
        await flow.record("order-2", starts("respond", DAY_1))
        await eventually(lambda: no_deadlines(flow))
        await eventually(partial(is_quiet, loop))
