"""Two versions at once, on real processes: an app of the next one beside workers of this one, a rollback, and the rest
of the way forward.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import aiohttp
import asyncpg
import pytest

from refund.policies import CAPTURE_AND_REFUND
from return_label.policies import REQUEST_RETURNS
from shared.events.logs import LOGS
from shared.eventstore.connections import open_pool
from shared.notifications.table import NOTIFY
from shared.process.addresses import database_name, database_url
from shared.subscriptions.checkpoints import forget
from tests.chaos.stack import WORKERS, Chaos, chaos_stack
from tests.chaos.stories import Case
from tests.e2e.client import Services
from tests.e2e.topics import read_all
from tests.support.next_version import MEDIATED, TRIAGE
from tests.support.servers.stack import eventually

pytestmark = [pytest.mark.proof, pytest.mark.slow, pytest.mark.timeout(900)]

LOG = "select stream || '/' || version as id, type, data::text as data from events"
AUDIT = "from tests.support import next_version; next_version.install_in_audit(); from ops.cli import main; main()"


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Chaos]:
    async with chaos_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
async def services(stack: Chaos) -> AsyncIterator[Services]:
    async with aiohttp.ClientSession() as session:
        yield Services(session, stack.base)


async def rows(stack: Chaos, service: str, query: str, *values: Any) -> list[Mapping[str, Any]]:
    connection = await asyncpg.connect(database_url(stack.database_url, database_name(service)))
    try:
        return [dict(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def rolled(stack: Chaos, version: str | None, *names: str) -> None:
    """The processes go on as the next version, or as this one again."""
    for name in names:
        stack.processes[name].server.runner = version
        await stack.processes[name].restart()


async def names_of(stack: Chaos, dispute: str) -> list[str]:
    """The events of the dispute, in order."""
    found = await rows(
        stack, "dispute", "select type from events where stream = $1 order by version", f"dispute-{dispute}"
    )
    return [row["type"].split(".")[1] for row in found]


async def published(stack: Chaos) -> bool:
    """Whether every log stands in its topic, byte for byte."""
    records = await asyncio.to_thread(read_all, stack.kafka, [log.topic for log in LOGS.values()])
    carried = {(record.attributes["ce_id"], record.attributes["ce_type"], record.value.decode()) for record in records}
    logs = await asyncio.gather(*(rows(stack, service, LOG) for service in LOGS))
    return carried == {(row["id"], row["type"], row["data"]) for log in logs for row in log}


async def parked(stack: Chaos) -> set[tuple[str, str]]:
    """By subscription, what waits for the next version."""
    found = await asyncio.gather(*(rows(stack, service, "select subscription, stream from parked") for service in LOGS))
    return {(row["subscription"], row["stream"]) for each in found for row in each}


async def agreed(case: Case) -> str:
    """A dispute that its seller accepts."""
    dispute = await opened(case)
    await case.step(case.seller, dispute, "response", {"decision": "accept"})
    return dispute


async def opened(case: Case) -> str:
    await case.placed(-1, {"shipped": -5})
    return await case.opened("not_received", "refund_only", case.amount)


async def money(case: Case) -> list[str]:
    return [
        str(line["amount"]["amount"]) for line in await case.services.ledger(case.order_id) if line["kind"] == "refund"
    ]


async def test_beside_a_next_version_nothing_is_lost_or_stripped_and_after_the_roll_forward_all_is_done(
    stack: Chaos, services: Services
) -> None:
    old, new = Case(services, "mixed-old-1", "40.00"), Case(services, "mixed-new-1", "60.00")
    begun_before = await opened(old)
    await rolled(stack, "tests.support.next_version", "dispute")
    lives = {name: stack.processes[name].child for name in WORKERS}

    # An app of the next version, workers of this one.
    begun_after = await agreed(new)
    await old.step(old.seller, begun_before, "response", {"decision": "accept"})
    assert (await old.closed(begun_before))["result"]["reached_type"] == MEDIATED
    assert await money(old) == ["40.00"], "a strange word keeps nobody from being paid"
    await eventually(partial(published, stack))
    assert (await names_of(stack, begun_after))[:2] == ["DisputeOpened", "TriageBegun"]
    waits = {(name, new.order_id) for name in (CAPTURE_AND_REFUND, REQUEST_RETURNS, NOTIFY)}
    waits |= {(name, f"dispute-{begun_after}") for name in ("disputes", "dispute_history", "return_reasons")}
    await eventually(partial(is_parked, stack, waits))
    assert await money(new) == []
    assert await due(stack) == {(f"dispute-{begun_after}", TRIAGE)}
    assert lives == {name: stack.processes[name].child for name in WORKERS}, "no worker has ended"
    assert all(stack.processes[name].alive for name in WORKERS)

    # Taken back: what this version cannot read it does not decide on, and says when to come again.
    await rolled(stack, None, "dispute")
    refused = await new.buyer.get(f"/v1/disputes/{begun_after}")
    assert (refused.refused, refused.headers["Retry-After"]) == ((503, "newer_version"), "30")
    (await old.buyer.get(f"/v1/disputes/{begun_before}")).ok()
    assert await due(stack) == {(f"dispute-{begun_after}", TRIAGE)}

    # All the way forward: workers first.
    await rolled(stack, "tests.support.next_version", *WORKERS, "dispute")
    await new.closed(begun_after)
    assert await money(new) == ["60.00"]
    await eventually(partial(is_parked, stack, set()))
    assert "TriageEnded" in await names_of(stack, begun_after)
    assert await due(stack) == set()
    assert await published(stack)
    await remade(stack, "dispute_history", "dispute-worker")
    await new.closed(begun_after)
    await audited(stack)


async def remade(stack: Chaos, read_model: str, worker: str) -> None:
    """What an older version kept shows what only the next one knows, once it is made anew."""
    dsn = database_url(stack.database_url, database_name("dispute"))
    async with open_pool(dsn) as pool:
        await pool.execute(f"delete from {read_model}")
        await forget(pool, read_model)
    await stack.processes[worker].restart()


async def is_parked(stack: Chaos, expected: set[tuple[str, str]]) -> bool:
    return await parked(stack) == expected


async def due(stack: Chaos) -> set[tuple[str, str]]:
    """The deadlines of a kind that only the next version knows."""
    found = await rows(stack, "dispute", "select stream, kind from deadlines where kind = $1", TRIAGE)
    return {(row["stream"], row["kind"]) for row in found}


async def audited(stack: Chaos) -> None:
    """The audit of the next version finds no fault."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AUDIT, "audit", "--json", env=stack.environment, stdout=pipe, stderr=pipe
    )
    said, complaint = await process.communicate()
    assert said, complaint.decode()
    broken = [
        (each["promise"], each["faults"], each["examples"]) for each in json.loads(said)["checks"] if not each["ok"]
    ]
    assert broken == [], complaint.decode()
