"""Outages: Kafka or PostgreSQL is stopped or killed under commands; what can go on goes on, the rest follows."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg

from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import Process
from tests.chaos.stories import STORIES, Case, Wave, accepted
from tests.e2e.client import SERVICES, eventually
from tests.e2e.log import open_logs

PATIENCE = 180.0
APPROVED = 4
"""Refunds that are approved and unpaid when the broker goes away."""
HOLD = 1.0
"""Seconds for which the provider keeps silent each time, until the broker is gone."""
GONE = 15.0
"""Seconds; the writer gives an append up after ten."""
COPIES, PACE = 3, 0.5
GOES_ON = 10
"""Commands that are acknowledged between two deaths of the database server."""
GRANTED = "select count(*) as n from events where key = any($1) and type like '%.RefundApproved.%'"
HEAD = "select coalesce(max(position), 0) as position from events"
RELAYED = "select position from checkpoints where subscription = 'relay' and partition = -1"
BACKEND = (
    "select pid from pg_stat_activity where backend_type = 'client backend' and application_name = 'makewhole "
    "store' limit 1"
)

Outage = Callable[[Process], AbstractAsyncContextManager[None]]
Blow = Callable[[Run], Awaitable[None]]


@asynccontextmanager
async def stopped(process: Process) -> AsyncIterator[None]:
    """It keeps its connections and says nothing any more, until the block ends."""
    pid = process.child.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        assert process.alive
        assert process.child.pid == pid
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def killed(process: Process) -> AsyncIterator[None]:
    """It is killed, and the supervisor starts it again when the block ends."""
    process.server.may_start.clear()
    try:
        assert await process.kill()
        yield
        assert not process.alive
    finally:
        process.server.may_start.set()


async def broker_away(run: Run, lasting: float, outage: Outage) -> Kept:
    """Kafka is away for so many seconds at least: commands go on, what was approved is paid, everything else
    follows afterwards.
    """
    began, name, kafka = time.monotonic(), run.new_wave("approved"), run.stack.processes["kafka"]
    cases = [Case(run.client, f"{name}-accepted-{n}", STORIES["accepted"][1]) for n in range(APPROVED)]
    async with asyncio.TaskGroup() as group:
        approved = [group.create_task(accepted(case)) for case in cases]
        unpaid = await _approved_and_unpaid(run, cases)
        async with outage(kafka):
            gone, acknowledged = time.monotonic(), len(run.client.journal.entries)
            (await run.client.send("sandbox", "DELETE", "/faults")).ok(204)
            wave = group.create_task(run.play("broker", COPIES, lasting / 6))
            await eventually(lambda: _refunds(run), lambda paid: paid == unpaid + APPROVED, PATIENCE)
            await _acknowledged(run, acknowledged + len(STORIES) * COPIES)
            await asyncio.sleep(lasting - (time.monotonic() - gone))
            assert await _refunds(run) == unpaid + APPROVED, (
                "a refund was paid of which the refund service could not know"
            )
            commands, away = len(run.client.journal.entries) - acknowledged, time.monotonic() - gone
        lag = await _caught_up(run, kafka)
    waves = [
        wave.result(),
        Wave(name, {case.order_id: task.result() for case, task in zip(cases, approved, strict=True)}),
    ]
    counts = {
        "away": f"{away:.0f}s",
        "commands_meanwhile": commands,
        "paid_meanwhile": APPROVED,
        **lag,
        **await run.ended(waves),
    }
    return Kept(f"Kafka {outage.__name__}", {**counts, **seconds(began)})


async def _caught_up(run: Run, kafka: Process) -> dict[str, str]:
    """Waits until all that was in the logs when the broker came back is published; how long that took, the broker's
    own start left out.
    """
    await kafka.back()
    back = time.monotonic()
    async with open_logs(run.stack.database_url) as logs:
        heads = [(await logs.rows(service, HEAD))[0]["position"] for service in SERVICES]

        async def relayed() -> list[int]:
            return [(await logs.rows(service, RELAYED))[0]["position"] for service in SERVICES]

        await eventually(
            relayed, lambda positions: all(at >= head for at, head in zip(positions, heads, strict=True)), PATIENCE
        )
    return {"lag_gone_after": f"{time.monotonic() - back:.1f}s"}


async def _approved_and_unpaid(run: Run, cases: Sequence[Case]) -> int:
    """Waits until all their refunds are approved, and the provider has paid none of them; how many it had paid
    before.
    """
    before = await _refunds(run)
    await run.client.arm(on="refund", fault="timeout_before", times=1_000_000, seconds=HOLD)

    async def approved() -> int:
        async with open_logs(run.stack.database_url) as logs:
            return int((await logs.rows("refund", GRANTED, [case.order_id for case in cases]))[0]["n"])

    await eventually(approved, lambda count: count == len(cases), PATIENCE)
    assert await _refunds(run) == before
    return before


async def _refunds(run: Run) -> int:
    """The refunds in the provider's ledger."""
    lines = (await run.client.send("sandbox", "GET", "/psp/ledger?limit=10000")).ok()["data"]
    return sum(line["kind"] == "refund" for line in lines)


async def postmaster_killed(run: Run) -> None:
    """kill -9 of the server; its sessions' processes notice by themselves."""
    assert await run.stack.processes["postgres"].kill()


async def stopped_at_once(run: Run) -> None:
    """The immediate shutdown: no session ends in order, nothing is flushed."""
    child = run.stack.processes["postgres"].child
    os.kill(child.pid, signal.SIGQUIT)
    await asyncio.wait_for(child.ended(), PATIENCE)


async def gone_for_a_while(run: Run) -> None:
    """The server is away for longer than an append is tried again: callers are told that nobody knows, or to come
    later.
    """
    async with killed(run.stack.processes["postgres"]):
        await asyncio.sleep(GONE)


async def session_killed(run: Run) -> None:
    """kill -9 of one session's process, for which the server ends all others and recovers."""
    connection = await asyncpg.connect(run.stack.database_url, database="postgres")
    try:
        os.kill(await connection.fetchval(BACKEND), signal.SIGKILL)
        await _closed(connection)
    finally:
        connection.terminate()


async def _closed(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    async def asked() -> bool:
        return connection.is_closed()

    await eventually(asked, bool, PATIENCE)


async def struck(run: Run, blows: Sequence[Blow], stories: Iterable[str] = STORIES) -> Kept:
    """Blow after blow while commands come in; everybody finds back by themselves, and clients are told at most to
    come again.
    """
    began, seen, waves = time.monotonic(), Counter(run.client.seen), []
    async with asyncio.TaskGroup() as group:
        striking = group.create_task(_strike(run, blows))
        while not striking.done():
            waves.append(await run.play("struck", COPIES, PACE, stories))
    told = run.client.seen - seen
    met = {"unanswered": told["unanswered"], "refused_for_now": told["refused for now"], "replayed": told["replayed"]}
    names = dict.fromkeys(blow.__name__.replace("_", " ") for blow in blows)
    return Kept(", ".join(names), {"times": len(blows), **met, **await run.ended(waves), **seconds(began)})


async def everything_killed(run: Run) -> None:
    """As when the power is cut: every process of the stack at once, servers and sandbox too; all of them start
    again side by side.
    """
    processes = [process for process in run.stack.processes.values() if process.alive]
    assert all(await asyncio.gather(*(process.kill() for process in processes)))
    await run.stack.back()


async def _strike(run: Run, blows: Sequence[Blow]) -> None:
    for blow in blows:
        await _goes_on(run)
        await blow(run)
        await run.stack.back(["postgres"])
    await _goes_on(run)


async def _goes_on(run: Run) -> None:
    """Returns when commands are acknowledged again."""
    await _acknowledged(run, len(run.client.journal.entries) + GOES_ON)


async def _acknowledged(run: Run, count: int) -> None:
    """Returns when so many commands have been acknowledged in all."""

    async def asked() -> int:
        return len(run.client.journal.entries)

    await eventually(asked, lambda entries: entries >= count, PATIENCE)
