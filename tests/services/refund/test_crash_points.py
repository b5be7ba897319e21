"""A worker that dies before or after it asked the payment provider: the money goes once, and once is recorded."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from refund import effects
from refund.domain.decider import decider
from shared.events.envelope import Cause
from shared.eventstore.command_handling import handle
from shared.eventstore.store import PostgresEventStore, open_store
from shared.process.addresses import PROJECT
from shared.resilience import crash_points
from tests.support.builders import refunds as p
from tests.support.servers.sandbox import Served, sandbox
from tests.support.servers.stack import LIMIT

Migrated = Callable[[str], Awaitable[str]]

# A worker's due loop alone, which ends when nothing is due.
PAY = """
import asyncio, pathlib, sys
from refund import effects
from shared.decider import ExpireDeadline
from refund.domain.decider import decider
from refund.gateways.sandbox import sandbox_gateway
from shared.resilience import crash_points
from shared.deadlines.due_loop import DueLoop
from shared.eventstore.connections import open_pool
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import open_store
from shared.process.clock import SystemClock
from tests.support.toys.marks import running
from tests.support.servers.stack import eventually

async def main(dsn, address, plan, state):
    crash_points.arm(plan, pathlib.Path(state))
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool, sandbox_gateway(address,
        2.0) as gateway:
        calls = effects.effects_of(gateway, effects.age_in_log(pool))
        loop = DueLoop(store, decider, pool, Leases(dsn), SystemClock(), ExpireDeadline, calls)

        async def is_quiet():
            return await loop.quiet() is None

        async with running(loop):
            await eventually(is_quiet)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def dsn(migrated: Migrated) -> str:
    return await migrated("refund")


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[PostgresEventStore]:
    """A log with a refund that is to be paid."""
    async with open_store(dsn, deadlines=decider.deadlines) as store:
        for command in (p.capture(), p.request()):
            await handle(store, decider, command, Cause.of(command))
        yield store


@pytest.fixture
async def psp(migrated: Migrated) -> AsyncIterator[Served]:
    async with sandbox(await migrated("sandbox")) as running:
        await running.capture("o1", "100.00")
        yield running


@pytest.mark.parametrize(("point", "paid"), [(effects.BEFORE_GATEWAY, 0), (effects.AFTER_GATEWAY, 1)])
async def test_a_payment_cut_off_is_made_once_and_recorded_once(
    store: PostgresEventStore, psp: Served, dsn: str, tmp_path: Path, point: str, paid: int
) -> None:
    assert await ended(dsn, psp.address, f"{point}:1", tmp_path) == -signal.SIGKILL
    assert (tmp_path / "crashed").read_text() == f"{point}:1\n"
    assert (await types(store), await refunds(psp)) == ([], paid)
    assert await ended(dsn, psp.address, f"{point}:1", tmp_path) == 0
    assert (await types(store), await refunds(psp)) == (["RefundIssued"], 1)


def test_the_points_of_a_payment_are_known_by_name() -> None:
    assert {"refund.before_gateway", "refund.after_gateway"} <= set(crash_points.POINTS)


async def ended(dsn: str, address: str, plan: str, state: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PAY, dsn, address, plan, str(state), cwd=PROJECT
    )
    return await asyncio.wait_for(process.wait(), LIMIT)


async def types(store: PostgresEventStore) -> list[str]:
    """What was recorded since the approval."""
    (history,) = await store.load("payment-o1")
    return [type(recorded.event).__name__ for recorded in history[3:]]


async def refunds(psp: Served) -> int:
    return len([line for line in await psp.ledger(order_id="o1") if line["kind"] == "refund"])
