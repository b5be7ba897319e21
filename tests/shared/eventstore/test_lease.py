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
from shared.eventstore.lease_session import Leases
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
from shared.eventstore.lease_session import Leases

async def main():
    async with Lease(Leases(sys.argv[1]), "due") as lease:
        print("held", flush=True)
        {then}

asyncio.run(main())
"""
IDLE, BLOCKED = "await asyncio.sleep(1000)", "__import__('time').sleep(1000)"

OF_LEASES = "from pg_stat_activity where application_name = 'makewhole lease' and datname = current_database()"
SESSIONS, CUT = f"select count(*) {OF_LEASES}", f"select pg_terminate_backend(pid) {OF_LEASES}"

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
        async with asyncio.timeout(BOUND), Lease(Leases(dsn), "due"):
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
        lease = Lease(Leases(flow.dsn), "due")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(14.0), lease:  # longer than an idle session lives
                pass


async def test_a_workers_leases_stand_in_one_session_and_each_is_given_back_by_itself(flow: Flow) -> None:
    leases = Leases(flow.dsn)
    async with Lease(leases, "one"):
        async with Lease(leases, "two"):
            assert await flow.pool.fetchval(SESSIONS) == 1
        async with asyncio.timeout(BOUND), Lease(Leases(flow.dsn), "two"):
            """Another worker gets it while the first goes on with the other one."""
    async with asyncio.timeout(BOUND), Lease(Leases(flow.dsn), "one"), Lease(leases, "two"):
        """And the last one too."""


async def test_two_components_of_one_worker_hold_a_lease_one_after_the_other(flow: Flow) -> None:
    leases, held = Leases(flow.dsn), 0

    async def work() -> None:
        nonlocal held
        async with Lease(leases, "one"):
            assert held == 0
            held += 1
            await asyncio.sleep(0.05)
            held -= 1

    async with asyncio.timeout(BOUND):
        await asyncio.gather(work(), work(), work())


async def test_who_gives_up_waiting_leaves_the_lease_with_its_holder_and_the_session_with_the_others(
    flow: Flow,
) -> None:
    mine = Leases(flow.dsn)
    async with Lease(Leases(flow.dsn), "held elsewhere"), Lease(mine, "one") as lease:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0), Lease(mine, "held elsewhere"):
                pass
        assert await lease.guard(asyncio.sleep(0, "goes on")) == "goes on"


async def test_with_the_session_all_leases_of_the_worker_are_lost_and_a_new_one_is_opened(flow: Flow) -> None:
    leases = Leases(flow.dsn)
    async with Lease(leases, "one") as one, Lease(leases, "two") as two:
        working = [asyncio.create_task(lease.guard(asyncio.Event().wait())) for lease in (one, two)]
        await as_owner(flow.dsn, CUT)
        for each in working:
            with pytest.raises(LeaseLost):
                await asyncio.wait_for(each, BOUND)
    async with asyncio.timeout(BOUND), Lease(leases, "one"), Lease(leases, "two"):
        assert await flow.pool.fetchval(SESSIONS) == 1


async def test_whoever_lost_the_lease_stops_at_once(flow: Flow) -> None:
    async with Lease(Leases(flow.dsn), "due") as lease:
        working = asyncio.create_task(lease.guard(asyncio.Event().wait()))
        await as_owner(flow.dsn, CUT)
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(working, BOUND)


async def test_a_session_is_woken_by_what_matters_to_it_and_by_nothing_else(flow: Flow) -> None:
    heard: list[str] = []

    def matters(payload: str) -> bool:
        heard.append(payload)
        return payload == "4"

    async with Lease(Leases(flow.dsn), "due", hears=LOG_CHANNEL, matters=matters) as lease, asyncio.timeout(BOUND):
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
