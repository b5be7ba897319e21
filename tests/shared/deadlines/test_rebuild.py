"""The table of deadlines made anew from the log, on real PostgreSQL: what is missing, what is too much, what is new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.deadlines.from_log import DeadlinesOfLog, Due, Place
from shared.deadlines.rebuild import Change, apply, changes
from shared.decider import Decider
from shared.events.codec import recorded
from shared.events.errors import NewerVersion
from tests.shared.deadlines.test_due_loop import knowing
from tests.support.toys import newer
from tests.support.toys.marks import DAY_1, DECIDER, SOON, Flow, deadlines, flow_on, mark, starts


@pytest.fixture
async def flow(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), "no kafka", "no topic", deadlines=deadlines) as flow:
        yield flow


async def folded(flow: Flow, decider: Decider = DECIDER) -> DeadlinesOfLog:
    log = DeadlinesOfLog(decider)
    for row in await flow.store.read_all(0, 10_000):
        try:
            log.add(recorded(row))
        except NewerVersion:
            log.unreadable(row.stream)
    return log


async def rows(flow: Flow) -> dict[Place, Due]:
    found = await flow.pool.fetch("select * from deadlines")
    return {(row["stream"], row["kind"]): Due(row["due_at"], row["key"]) for row in found}


async def plan(flow: Flow, decider: Decider = DECIDER) -> list[Change]:
    return list(changes(await folded(flow, decider), await rows(flow)))


async def carry_out(flow: Flow, wanted: list[Change]) -> int:
    async with flow.pool.acquire() as connection:
        return await apply(connection, wanted)


async def test_a_table_that_is_as_the_log_says_needs_nothing(flow: Flow) -> None:
    await flow.record("order-1", starts("respond", SOON))
    await flow.record("order-2", starts("respond", SOON), mark("no more"))
    await flow.pool.execute("delete from deadlines where stream = 'order-2'")  # as the due loop does: nobody wants it
    assert await plan(flow) == []


async def test_what_is_missing_moved_or_too_much_is_put_right(flow: Flow) -> None:
    for n in (1, 2, 3, 5):
        await flow.record(f"order-{n}", starts("respond", SOON), key=f"key-{n}")
    await flow.append("order-4", "nothing due")
    whole = await flow.pool.fetch("select * from deadlines order by stream")
    await flow.pool.execute("delete from deadlines where stream = 'order-1'")
    await flow.pool.execute("update deadlines set due_at = due_at + interval '1 day' where stream = 'order-2'")
    await flow.pool.execute("insert into deadlines select 'order-4', 'respond', due_at, 'key-4' from deadlines limit 1")
    await flow.pool.execute("update deadlines set key = 'another' where stream = 'order-5'")
    wanted = await plan(flow)
    assert [(change.stream, change.what) for change in wanted] == [
        ("order-1", "added"),
        ("order-2", "moved"),
        ("order-4", "removed"),
        ("order-5", "rekeyed"),
    ]
    assert await carry_out(flow, wanted) == 4
    assert await flow.pool.fetch("select * from deadlines order by stream") == whole
    assert await plan(flow) == []


async def test_a_stream_that_moves_on_between_plan_and_deed_is_left_to_its_own_events(flow: Flow) -> None:
    await flow.record("order-1", starts("respond", SOON))
    await flow.pool.execute("delete from deadlines")
    wanted = await plan(flow)
    await flow.append("order-1", "no more")
    assert await carry_out(flow, wanted) == 0
    assert await rows(flow) == {}


async def test_a_kind_that_is_new_reaches_the_streams_that_are_there_already(flow: Flow) -> None:
    """The events were recorded by a version that started nothing of this kind."""
    await flow.record("order-1", starts("newly:1", SOON))
    await flow.record("order-2", starts("newly:2", SOON), mark("over"))
    await flow.pool.execute("delete from deadlines")
    assert await plan(flow) == []
    assert await carry_out(flow, await plan(flow, knowing("newly"))) == 1
    assert await rows(flow) == {("order-1", "newly:1"): Due(SOON, "order-1")}


async def test_what_only_a_newer_version_knows_stays_as_it_is(flow: Flow) -> None:
    await flow.record("order-1", starts("newly:1", SOON), mark("over"))
    await flow.record("order-2", starts("respond", SOON), newer.OrderRerouted(order_id="2", via=newer.DEPOT))
    await flow.pool.execute("update deadlines set due_at = $1", SOON + timedelta(days=1))
    assert await plan(flow) == []
    streams = {name: replace(stream, kinds=()) for name, stream in DECIDER.streams.items()}
    await flow.record("order-3", starts("respond", DAY_1))
    await flow.pool.execute("delete from deadlines where stream = 'order-3'")
    assert await plan(flow, replace(DECIDER, streams=streams)) == []
