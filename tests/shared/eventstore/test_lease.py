"""A lease ends with the process that holds it, also where that only hangs, and what such a one says late is refused."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from shared.deadlines.due_loop import DROP
from shared.eventstore.lease import LOG_CHANNEL, Lease, LeaseLost
from shared.kafka.records import Ack
from shared.relay.progress import RelaySuperseded, take_over
from shared.subscriptions import checkpoints
from shared.subscriptions.checkpoints import Superseded
from tests.cases.plugin import Came
from tests.support.toys.marks import DAY_1, Flow, as_owner, deadlines, flow_on, starts

BOUND = 60.0
HOLDER = """
import asyncio, sys
from shared.eventstore.lease import Lease

async def main():
    async with Lease(sys.argv[1], "due") as lease:
        print("held", flush=True)
        {then}

asyncio.run(main())
"""
IDLE, BLOCKED = "await asyncio.sleep(1000)", "__import__('time').sleep(1000)"

Migrated = Callable[[str], Awaitable[str]]


@pytest.fixture
async def flow(migrated: Migrated) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), "no kafka", "no topic", deadlines=deadlines) as flow:
        yield flow


@contextlib.asynccontextmanager
async def holder(dsn: str, then: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that holds the lease."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER.format(then=then), dsn, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout
        assert await child.stdout.readline()
        yield child
    finally:
        child.kill()
        await child.wait()


async def taken_over(dsn: str) -> str:
    try:
        async with asyncio.timeout(BOUND), Lease(dsn, "due"):
            return "the standby holds it"
    except TimeoutError:
        return "nobody holds it"


@pytest.mark.case("EM8", given="the holder of a lease is stopped (SIGSTOP)", right="the standby holds it")
async def test_a_stopped_process_loses_its_lease(flow: Flow, came: Came) -> None:
    async with holder(flow.dsn, IDLE) as child:
        child.send_signal(signal.SIGSTOP)
        came(await taken_over(flow.dsn))


@pytest.mark.case("EM8+1", given="the holder's event loop is blocked for ever", right="the standby holds it")
async def test_a_blocked_process_loses_its_lease(flow: Flow, came: Came) -> None:
    async with holder(flow.dsn, BLOCKED):
        came(await taken_over(flow.dsn))


async def test_a_living_process_keeps_its_lease(flow: Flow) -> None:
    async with holder(flow.dsn, IDLE):
        lease = Lease(flow.dsn, "due")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(14.0), lease:  # longer than an idle session lives
                pass


async def test_whoever_lost_the_lease_stops_at_once(flow: Flow) -> None:
    async with Lease(flow.dsn, "due") as lease:
        working = asyncio.create_task(lease.guard(asyncio.Event().wait()))
        await as_owner(
            flow.dsn,
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'makewhole lease'",
        )
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(working, BOUND)


async def test_a_session_is_woken_by_what_matters_to_it_and_by_nothing_else(flow: Flow) -> None:
    heard: list[str] = []

    def matters(payload: str) -> bool:
        heard.append(payload)
        return payload == "4"

    async with Lease(flow.dsn, "due", hears=LOG_CHANNEL, matters=matters) as lease, asyncio.timeout(BOUND):
        for n in (1, 2, 3):
            await flow.append(f"order-{n}", "a")
        assert not await lease.woken(1.0)
        await flow.append("order-4", "a")
        assert await lease.woken(BOUND)
    assert heard == ["1", "2", "3", "4"]


@pytest.mark.case("EM8+2", given="a frozen relay saves its progress after another took over", right="RelaySuperseded")
async def test_a_late_word_of_a_frozen_relay_is_refused(flow: Flow, came: Came) -> None:
    await flow.append("order-1", "a")
    frozen = await take_over(flow.pool, "test.events", flow.partitions)
    await take_over(flow.pool, "test.events", flow.partitions)
    with pytest.raises(RelaySuperseded) as refused:
        await frozen.save(flow.pool, await flow.store.read_all(0, 10), [Ack(0, 0)])
    came(refused.type.__name__)


@pytest.mark.case(
    "EM8+3", given="a frozen subscription saves a checkpoint after another claimed it", right="Superseded"
)
async def test_a_late_word_of_a_frozen_subscription_is_refused(flow: Flow, came: Came) -> None:
    frozen = await checkpoints.claim(flow.pool, "name", "topic", range(2))
    await checkpoints.claim(flow.pool, "name", "topic", range(2))
    with pytest.raises(Superseded) as refused:
        await checkpoints.save(flow.pool, "name", "topic", list(frozen.values()))
    came(refused.type.__name__)


@pytest.mark.case("EM8+4", given="a frozen due loop drops a row that was started again since", right="the row stays")
async def test_a_late_word_of_a_frozen_due_loop_is_refused(flow: Flow, came: Came) -> None:
    await flow.record("order-1", starts("respond", DAY_1))
    seen = 1
    await flow.record("order-1", starts("respond", DAY_1 + timedelta(days=1)), starts("respond", DAY_1))
    await flow.pool.execute(DROP, "order-1", "respond", DAY_1, seen)
    came("the row stays" if await flow.pool.fetchval("select count(*) from deadlines") else "no row")
