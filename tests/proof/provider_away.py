"""A provider that is away for minutes: `python -m tests.proof.provider_away [--refunds N] [--minutes M]` puts 20,000
waiting refunds into the refund service's log while nobody answers at the provider's address, lets sellers' deadlines
come all the while, and prints how late those were decided, when everything was paid, and that nothing was paid twice.

PostgreSQL, the sandbox and the two workers are real; there is no broker, which neither of them needs for this.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.open_disputes import ANSWER_WITHIN, cause, opened_disputes
from bench.stack import cpu_seconds
from dispute.domain.decider import decider as dispute_decider
from refund.domain.decider import decider as refund_decider
from sandbox.provider.payments import Capture
from shared.events.envelope import Write
from shared.events.ids import derived_id
from shared.eventstore.store import open_store
from tests.support.builders import refunds as p
from tests.support.proxy import Proxy, proxied
from tests.support.servers.backing import Databases, free_port_base, running_postgres
from tests.support.servers.sandbox import Served, sandbox

WORKERS = ("refund", "dispute")
DEVNULL = asyncio.subprocess.DEVNULL
NO_BROKER = "127.0.0.1:9"
TIMERS_A_SECOND = 20
AT_ONCE = 16
"""As many as the provider has connections: a busy machine lets nobody wait for one in vain."""
CALM = timedelta(seconds=20)
"""Before the provider goes away, with the workers at rest: the pace that the timers have otherwise."""
FIRST = timedelta(seconds=5)
LOOK_EVERY = 1.0
LATE = 2.0
"""Seconds that a timer may be late at most, at the 99th percentile: more than a busy machine costs it."""
# `recorded_at` is the server's clock at the append.
LATENESS = """
select extract(epoch from fired.recorded_at - greatest((opened.data ->> 'respond_by')::timestamptz,
    opened.recorded_at))::float8 as late
from events fired join events opened on opened.stream = fired.stream and opened.type like '%.DisputeOpened.%'
where fired.type like '%.SellerResponseTimedOut.%' and (opened.data ->> 'respond_by')::timestamptz between $1 and $2
"""
STATES = "select split_part(type, '.', 2) as name, count(*) as n from events group by 1"
PAID = "select refund_id, count(*) as times from ledger where kind = 'refund' group by 1"


@dataclass(frozen=True, slots=True)
class Place:
    """The databases by service, the provider, and the way to it."""

    dsns: dict[str, str]
    provider: Served
    way: Proxy

    def environment(self) -> dict[str, str]:
        """What the workers are told."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKEWHOLE_")}
        return bare | {
            "MAKEWHOLE_DATABASE_URL_REFUND": self.dsns["refund"],
            "MAKEWHOLE_DATABASE_URL_DISPUTE": self.dsns["dispute"],
            "MAKEWHOLE_KAFKA": NO_BROKER,
            "MAKEWHOLE_SANDBOX": self.provider.address,
            "MAKEWHOLE_GATEWAY": f"sandbox+{self.way.url}",
            "PORT_BASE": str(free_port_base()),
        }

    async def rows(self, service: str, query: str, *given: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsns[service])
        try:
            return await connection.fetch(query, *given)
        finally:
            await connection.close()


@asynccontextmanager
async def opened() -> AsyncIterator[Place]:
    """A place of its own."""
    async with running_postgres() as server:
        databases = Databases(server)
        dsns = {name: await databases.migrated(name) for name in (*WORKERS, "sandbox")}
        async with sandbox(dsns["sandbox"]) as provider, proxied(provider.address) as way:
            yield Place(dsns, provider, way)


@asynccontextmanager
async def working(place: Place) -> AsyncIterator[dict[str, int]]:
    """The two workers: their processes by name."""
    environment = place.environment()
    processes = {
        name: await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{name}.worker", env=environment, stdout=DEVNULL, stderr=DEVNULL
        )
        for name in WORKERS
    }
    try:
        yield {name: process.pid for name, process in processes.items()}
        ended = {name: process.returncode for name, process in processes.items() if process.returncode is not None}
        assert not ended, f"ended by themselves: {ended}"
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes.values()))


async def waiting_refunds(place: Place, count: int) -> None:
    """So many orders that were paid at the provider, each with a refund that is due."""
    now = datetime.now(UTC)
    store = place.provider.app.state.simulators.provider
    async with open_store(place.dsns["refund"], deadlines=refund_decider.deadlines) as log:

        async def one(n: int) -> None:
            order = f"away-{n}"
            captured = {"order_id": order, "payment_id": order}
            asked = {"order_id": order, "refund_id": derived_id("rfd", order, n)}
            await store.capture(Capture(**captured, amount=p.usd(10_000)), now)
            events = [
                p.captured().model_copy(update=captured),
                p.requested().model_copy(update=asked | {"payment_id": order, "requested_at": now}),
                p.approved().model_copy(update=asked | {"pay_at": now}),
            ]
            await log.append([Write(f"payment-{order}", order, 0, events)], cause())

        await in_turns(one, count)


async def timers(place: Place, begin: datetime, lasting: timedelta) -> None:
    """Sellers whose time ends second by second."""
    async with open_store(place.dsns["dispute"], deadlines=dispute_decider.deadlines) as log:
        for second in range(int(lasting.total_seconds())):
            await opened_disputes(log, TIMERS_A_SECOND, begin + timedelta(seconds=second) - ANSWER_WITHIN)


async def in_turns(one: Callable[[int], Awaitable[None]], count: int) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def taken(n: int) -> None:
        async with turns:
            await one(n)

    await asyncio.gather(*map(taken, range(count)))


async def lateness(place: Place, begin: datetime, end: datetime) -> list[float]:
    """By how many seconds the deadlines of a span were late, sorted."""
    return sorted(row["late"] for row in await place.rows("dispute", LATENESS, begin, end))


async def events(place: Place) -> Counter[str]:
    """How many of each kind the refund service has recorded."""
    return Counter({row["name"]: row["n"] for row in await place.rows("refund", STATES)})


async def all_paid(place: Place, count: int) -> float:
    """The seconds until every refund is recorded as paid."""
    began = time.monotonic()
    while (await events(place))["RefundIssued"] < count:
        await asyncio.sleep(LOOK_EVERY)
    return time.monotonic() - began


async def until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def shown(name: str, late: Sequence[float]) -> str:
    """A line of figures."""
    if not late:
        return f"{name}: none"
    p50, p99 = late[len(late) // 2], late[int(0.99 * (len(late) - 1))]
    return f"{name}: {len(late)} timers, late by {p50:.2f} s (median), {p99:.2f} s (p99), {late[-1]:.2f} s (most)"


async def measured(place: Place, count: int, away: timedelta) -> bool:
    """Prints what was seen; whether all is as promised."""
    place.way.faults.refuse = True
    async with working(place) as pids:
        calm_from = datetime.now(UTC) + FIRST
        await timers(place, calm_from, CALM)
        await until(calm_from + CALM + FIRST)
        calm = await lateness(place, calm_from, calm_from + CALM)
        print(shown("before", calm), flush=True)

        began, used = time.monotonic(), cpu_seconds(pids["refund"])
        await waiting_refunds(place, count)
        print(f"seeded: {count:,} refunds in {time.monotonic() - began:.0f} s", flush=True)
        away_from = datetime.now(UTC) + FIRST
        await timers(place, away_from, away)
        await until(away_from + away + FIRST)
        meanwhile = await lateness(place, away_from, away_from + away)
        spent = cpu_seconds(pids["refund"]) - used
        print(shown("while the provider is away", meanwhile), flush=True)
        print(f"meanwhile: {spent:.1f} s of the refund worker's processor time, {dict(await events(place))}")

        place.way.faults.refuse = False
        took, used = await all_paid(place, count), cpu_seconds(pids["refund"]) - used - spent
        print(f"afterwards: all paid in {took:.0f} s, {count / took:.0f} a second, {1000 * used / count:.2f} ms each")
        times = Counter(row["times"] for row in await place.rows("sandbox", PAID))
    print(f"in the provider's ledger: {times[1]:,} paid once, {sum(times.values()) - times[1]} more than once")
    expected = TIMERS_A_SECOND * int(away.total_seconds())
    in_time = len(meanwhile) == expected and meanwhile[int(0.99 * (expected - 1))] <= LATE
    return in_time and times == {1: count}


async def main() -> int:
    """Starts a place, measures, prints."""
    parser = argparse.ArgumentParser(prog="tests.proof.provider_away")
    parser.add_argument("--refunds", type=int, default=20_000, help="that wait (20,000)")
    parser.add_argument("--minutes", type=float, default=3, help="for which the provider is away (3)")
    asked = parser.parse_args()
    logging.disable(logging.INFO)  # the provider's requests, a line each
    async with opened() as place:
        kept = await measured(place, asked.refunds, timedelta(minutes=asked.minutes))
    print("the timers kept their pace, and each refund was paid once" if kept else "NOT as promised")
    return not kept


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
