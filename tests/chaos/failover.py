"""Failover: a standby of the dispute service's database that lacks the last events takes the primary's place.

The other services, the topics and the provider have seen what is lost. An operator does what halts name, and whoever
was answered asks again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from local_stack.databases import ensure_logins
from local_stack.passwords import passwords
from ops.read_models import read_models
from shared.process.addresses import database_name
from tests.chaos.outages import PATIENCE, killed
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stories import STORIES, Case, Wave
from tests.e2e.client import SERVICES, eventually
from tests.e2e.deals import counter, usd

COPIES = 3
OWN = ("dispute", "dispute-worker")
PRIMARY = database_name("dispute")
STANDBY = f"{PRIMARY}_standby"
DISCONNECT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
BEHIND = re.compile(r"subscription (\w+): [^;]*(?:a restore has lost|has come back another one)")


async def tail_lost(run: Run) -> Kept:
    """Disputes are negotiated, accepted and withdrawn, all is published and followed, what was accepted is paid, and
    then their database has lost it.
    """
    began, name = time.monotonic(), run.new_wave("failover")
    cases = {
        story: [Case(run.client, f"{name}-{story}-{n}", STORIES[story][1]) for n in range(COPIES)]
        for story in ("negotiated", "accepted", "withdrawn")
    }
    disputes = {case.order_id: await _opened(case) for of_story in cases.values() for case in of_story}
    await run.client.at_rest()
    async with _without_connections(run):
        await _execute(run, f'create database "{STANDBY}" template "{PRIMARY}"')
    known = len(run.client.journal.entries)
    await _tail(cases, disputes)
    await run.client.at_rest()
    lost = run.client.journal.let_go(known)
    await _promoted(run)

    await eventually(lambda: _halts(run, "dispute"), lambda said: "makewhole log renew" in said, PATIENCE)
    (renewed,) = await _makewhole(run, "log", "renew", "dispute")
    await _tail(cases, disputes)
    mended = await _mended(run)
    noted = await _retried(run)
    await _end(cases["negotiated"], disputes)
    counts = {"lost": lost, "shared_up_to": renewed["shared_up_to"], "mended": ",".join(sorted(mended)) or "none"}
    counts["noted_again"] = noted
    return Kept("a standby without the tail", {**counts, **await run.ended([Wave(name, disputes)]), **seconds(began)})


async def _opened(case: Case) -> str:
    await case.placed(-1, {"shipped": -5})
    amount = "50.00" if "negotiated" in case.order_id else case.amount
    return await case.opened("not_received", "refund_only", amount)


async def _tail(cases: Mapping[str, Sequence[Case]], disputes: Mapping[str, str]) -> None:
    """What is lost, and what is asked again under the same keys."""
    for case in cases["negotiated"]:
        await case.step(case.seller, disputes[case.order_id], "response", counter("30.00"))
        await case.step(case.buyer, disputes[case.order_id], "modification", {"amount": usd("45.00")})
    for case in cases["accepted"]:
        await case.step(case.seller, disputes[case.order_id], "response", {"decision": "accept"})
    for case in cases["withdrawn"]:
        path = f"/v1/disputes/{disputes[case.order_id]}/cancellation"
        (await case.buyer.post(path, key=case.key("cancellation"))).ok()


async def _end(cases: Sequence[Case], disputes: Mapping[str, str]) -> None:
    """What is left of the negotiations."""
    for case in cases:
        await case.step(case.seller, disputes[case.order_id], "response", counter("42.00"), n=2)
        await case.step(case.buyer, disputes[case.order_id], "acceptance")
        await case.closed(disputes[case.order_id])


@asynccontextmanager
async def _without_connections(run: Run) -> AsyncIterator[None]:
    """Neither the app nor the worker of the service runs."""
    app, worker = (run.stack.processes[name] for name in OWN)
    async with killed(app), killed(worker):
        yield
    await app.back()
    await worker.begun()


async def _promoted(run: Run) -> None:
    """The primary is gone for good, and the standby bears its name."""
    async with _without_connections(run):
        await _execute(run, f'drop database "{PRIMARY}" with (force)')
        await _execute(run, f'alter database "{STANDBY}" rename to "{PRIMARY}"')
        await ensure_logins(run.stack.database_url, passwords(run.stack.state))


async def _execute(run: Run, statement: str) -> None:
    connection = await asyncpg.connect(run.stack.database_url, database="postgres")
    try:
        await connection.fetch(DISCONNECT, PRIMARY)
        await connection.execute(statement)
    finally:
        await connection.close()


async def _halts(run: Run, service: str) -> str:
    """What stands still in the service's worker, and what it says; nothing while it does not answer."""
    answer = await run.client.probe(service, "/readyz", worker=True)
    return str(answer["checks"]["halted"]) if answer else ""


async def _mended(run: Run) -> list[str]:
    """Does for each follower that halts what its halt names, until all are at rest; answers with their names."""
    mended: list[str] = []

    async def rest() -> bool:
        for service in SERVICES:
            for name in BEHIND.findall(await _halts(run, service)):
                if name not in mended:
                    mended.append(name)
                    await _mend(run, service, name)
        return all([await run.client.quiet(service) for service in SERVICES])

    await eventually(rest, bool, PATIENCE)
    return mended


async def _retried(run: Run) -> int:
    """What was told of what was lost waits until it has been asked for again; how many orders that were."""
    return int((await _makewhole(run, "parked", "retry", "dispute"))["released"])


async def _mend(run: Run, service: str, name: str) -> None:
    words = ("projections", "rebuild") if name in read_models(service) else ("subscriptions", "restart")
    await _makewhole(run, *words, service.replace("_", "-"), name)


async def _makewhole(run: Run, *words: str) -> Any:
    """A command of an operator, and its answer."""
    said = (*words, "--yes", "--reason", "a failover", "--json")
    return json.loads(await run.stack.makewhole(*said))
