"""Hangs and clocks: a database or a worker that only stands still, machines whose clocks differ, a broker away for
minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from local_stack.child import Child
from tests.chaos.outages import PATIENCE, killed
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import APPS, WORKERS
from tests.chaos.stories import Case, Wave, pass_time, unanswered
from tests.e2e.client import eventually
from tests.e2e.log import open_logs
from tests.support.servers import backing
from tests.support.servers.stack import descendants

HUNG = 30.0
FROZEN = 20.0
"""Seconds; twice as long as the session of a lease may be idle."""
BOUND = 60.0
"""Seconds within which everybody must have been told that the database does not answer, on a busy machine too."""
ASKED = 100
SHORT = ("negotiated", "accepted", "returned", "withdrawn")
"""The stories that need no time to pass: whose clock is asked, must answer."""
A_MINUTE = timedelta(minutes=1)
OTHER_CLOCKS = "tests.support.other_clock"
CLOCKS_SECONDS_OFF = "tests.support.clock_seconds_off"
TIMED_OUT = "select count(*) as n from events where key = $1 and type like '%.SellerResponseTimedOut.%'"


@contextlib.contextmanager
def standing_still(pids: Iterable[int]) -> Iterator[None]:
    """The processes keep all that they hold and do nothing until the block ends."""
    stopped = list(pids)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def database_hung(run: Run, lasting: float = HUNG) -> Kept:
    """PostgreSQL stands still while commands come in: everybody is told within a bound, and nothing is lost."""
    began, seen = time.monotonic(), Counter(run.client.seen)
    case = Case(run.client, f"{run.new_wave('hung')}-withdrawn-0", "31.00")
    await case.placed(-1, {"shipped": -5})
    dispute = await case.opened("not_received", "refund_only", case.amount)
    restarts = _restarts(run)
    async with asyncio.TaskGroup() as group:
        with standing_still(descendants(run.stack.processes["postgres"].child.pid)):
            wave = group.create_task(run.play("hung", 2, lasting / 6, SHORT))
            told = await _told(case, dispute)
            await asyncio.sleep(max(0.0, lasting - (time.monotonic() - began)))
    (await case.buyer.post(f"/v1/disputes/{dispute}/cancellation", key=case.key("cancellation"))).ok()
    assert _restarts(run) == restarts, "a process has ended for a database that stood still"
    counts = {"asked": ASKED, **told, "refused_for_now": run.client.seen["refused for now"] - seen["refused for now"]}
    ended = await run.ended([wave.result(), Wave("hung", {case.order_id: dispute})])
    return Kept(f"PostgreSQL stood still {lasting:.0f} s", {**counts, **ended, **seconds(began)})


async def _told(case: Case, dispute: str) -> dict[str, int]:
    """What many callers at once are told, each within the bound."""
    token = await case.services.token(case.buyer.sub, "buyer")
    url = case.services.url("dispute", f"/v1/disputes/{dispute}")

    async def ask() -> int:
        async with case.services.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.headers["Retry-After"]
            return answer.status

    async with asyncio.timeout(BOUND):
        statuses = Counter(await asyncio.gather(*(ask() for _ in range(ASKED))))
    assert set(statuses) == {503}, statuses
    return {"told_503": statuses[503]}


async def workers_frozen(run: Run, lasting: float = FROZEN) -> Kept:
    """The workers stand still past their leases and others do their work; then they go on where they were."""
    began = time.monotonic()
    async with _standbys(run), asyncio.TaskGroup() as group:
        before = group.create_task(run.play("frozen", 2, 1.0, SHORT))
        with standing_still(run.stack.processes[name].child.pid for name in WORKERS):
            meanwhile = await run.play("standby", 1, 0.0, SHORT)
            await asyncio.sleep(max(0.0, lasting - (time.monotonic() - began)))
        after = await run.play("thawed", 1, 0.0, SHORT)
    ended = await run.ended([before.result(), meanwhile, after])
    return Kept(f"workers stood still {lasting:.0f} s", {"standbys": len(WORKERS), **ended, **seconds(began)})


@contextlib.asynccontextmanager
async def _standbys(run: Run) -> AsyncIterator[None]:
    """A second worker of each service, on ports of its own."""
    own = {"PORT_BASE": str(backing.free_port_base())}
    children = [await _standby(run, name, own) for name in WORKERS]
    try:
        yield
    finally:
        await asyncio.gather(*(child.stop() for child in children))


async def _standby(run: Run, name: str, own: dict[str, str]) -> Child:
    command = await run.stack.processes[name].server.command()
    return Child(replace(command, env={**command.env, **own}), run.stack.state / "log" / f"{name}-standby.log")


async def clocks_differ(run: Run) -> Kept:
    """Each process has a clock of its own, apps up to 5 s off, and all of them step back 5 ms now and then."""
    return await _with_clocks(run, OTHER_CLOCKS, "clocks that differ", 2)


async def clocks_step_back(run: Run) -> Kept:
    """The clocks of apps and workers are up to 5 s off, and each of them steps back 5 s while orders are played."""
    return await _with_clocks(run, CLOCKS_SECONDS_OFF, "clocks that step back 5 s", 1)


async def _with_clocks(run: Run, clocks: str, promise: str, copies: int) -> Kept:
    began, processes = time.monotonic(), [run.stack.processes[name] for name in (*APPS, *WORKERS)]
    try:
        for process in processes:
            process.server.runner = clocks
            await process.restart()
        wave = await run.play("clocks", copies)
        ended = await run.ended([wave])
    finally:
        for process in processes:
            process.server.runner = None
            await process.restart()
    return Kept(promise, {"processes": len(processes), **ended, **seconds(began)})


async def broker_away_and_a_deadline(run: Run, lasting: float) -> Kept:
    """Kafka is away for minutes, and a seller's time ends meanwhile: the timer fires, no worker ends, and the money
    follows.
    """
    began, case = time.monotonic(), Case(run.client, f"{run.new_wave('d1')}-unanswered-0", "120.00")
    dispute = await unanswered(case)
    due_at = datetime.fromisoformat(await _due(case, dispute))
    await pass_time(run.client, (due_at - A_MINUTE).isoformat())
    restarts = _restarts(run)
    async with killed(run.stack.processes["kafka"]):
        gone = time.monotonic()
        await eventually(lambda: _timed_out(run, case.order_id), bool, PATIENCE)
        fired = time.monotonic() - gone
        await asyncio.sleep(max(0.0, lasting - fired))
        assert _restarts(run) == restarts, "a worker has ended for want of Kafka"
    await run.stack.processes["kafka"].back()
    await case.closed(dispute)
    counts = {"away": f"{lasting:.0f}s", "fired_after": f"{fired:.0f}s", "workers_ended": 0}
    ended = await run.ended([Wave("d1", {case.order_id: dispute})])
    return Kept("Kafka away and a deadline", {**counts, **ended, **seconds(began)})


async def _timed_out(run: Run, order: str) -> bool:
    async with open_logs(run.stack.database_url) as logs:
        return bool((await logs.rows("dispute", TIMED_OUT, order))[0]["n"])


async def _due(case: Case, dispute: str) -> str:
    shown = (await case.seller.get(f"/v1/disputes/{dispute}")).ok()
    return next(str(one["due_at"]) for one in shown["deadlines"] if one["kind"] == "seller_response")


def _restarts(run: Run) -> Sequence[int]:
    return [run.stack.processes[name].supervised.restarts for name in (*APPS, *WORKERS)]
