"""Deadline benchmark: thousands that fall due at one instant, with the service's own decisions, against appends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bench.append import appends
from bench.open_disputes import ANSWER_WITHIN, opened_disputes
from bench.report import Row
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.decider import decider
from shared.deadlines.due_loop import DueLoop
from shared.eventstore.connections import open_pool
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import open_store
from tests.support.servers.backing import Databases
from tests.support.toys.counter import decode, encode
from tests.support.toys.marks import HandClock, running

A_SECOND = 3_000
"""So many fall due for each second of a round."""
LOOK_EVERY = 0.02


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """Sellers who were silent, a second, and what that costs here; against appends by 64 writers."""
    databases = Databases(server)
    dsn = await databases.migrated("dispute")
    fired, cpu, plain = [], [], []
    async with open_store(await databases.migrated("dispute"), encode=encode, decode=decode) as store:
        for _ in range(rounds):
            plain.append(await appends(store, 64, seconds))
            took, used = await due_at_once(dsn, number := int(A_SECOND * seconds))
            fired.append(number / took)
            cpu.append(used / number * 1e6)
    return [
        Row("deadlines fired", "/s", fired, plain, "append, 64 writers", 0.25, 0.45, note="three events each"),
        Row("worker CPU a deadline", "us", cpu, at_most=True),
    ]


async def due_at_once(dsn: str, count: int) -> tuple[float, float]:
    """The seconds, and the seconds of processor time, until so many deadlines have fired."""
    opened_at = datetime.now(UTC)
    clock = HandClock(opened_at)
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:
        await opened_disputes(store, count, opened_at)
        loop = DueLoop(store, decider, pool, Leases(dsn), clock, ExpireDeadline)
        async with running(loop):
            await until_quiet(loop)
            began, used = time.perf_counter(), time.process_time()
            clock.move(opened_at + ANSWER_WITHIN + timedelta(seconds=1))
            await until_quiet(loop)
            return time.perf_counter() - began, time.process_time() - used


async def until_quiet(loop: DueLoop) -> None:
    """Returns when nothing is due."""
    while await loop.quiet() is not None:
        await asyncio.sleep(LOOK_EVERY)
