"""Memory of the audit: it is that of a window of streams, whatever the length of the log."""

from __future__ import annotations

import json
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.cases.plugin import Came
from tests.support.audit_services import AuditedServices, credit, expire, live, open_services

FEW, MANY = 250, 2500
"""Lives of some forty events each: ten thousand events, and a hundred thousand."""
MOST = 24 * 1024
"""KiB that ten times as long a log may take besides: caches that fill."""

# The life of one order told again of others: whatever names it, its buyer, disputes, refunds and returns gets a number.
OURS = r"\m(dsp|rfd|ret|ntf)_[0-9a-f]+"
ITS_OWN = f"regexp_replace({{}}, '{OURS}', '\\&_' || n, 'g')"
RENAMED = f"regexp_replace({ITS_OWN}, '\\m(o1|buyer-1)\\M', '\\&-' || n, 'g')"
TOLD_AGAIN = f"""
insert into events (position, stream, version, key, type, data, metadata, recorded_at)
select position + (n - $1 + 1) * (select max(position) from events), {RENAMED.format("stream")}, version,
    {RENAMED.format("key")}, type, {RENAMED.format("data::text")}::jsonb, metadata, recorded_at
from events, generate_series($1::int, $2::int) n
"""
AUDIT = """
import asyncio, json, resource, sys
from tests.support.audit import audited
dsns = json.loads(sys.argv[1])
checks = asyncio.run(audited(dsns))
seen = sum(check.seen["events"] for name, check in checks.items() if name.startswith("log "))
wrong = {name: check.faults for name, check in checks.items() if not check.ok and not name.startswith("read model")}
print(json.dumps([seen, wrong, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


@pytest.mark.proof
@pytest.mark.case("EL6", given="an audit of ten thousand events, and of a hundred thousand", right="as much memory")
async def test_el6_ten_times_as_long_a_log_takes_no_more_memory(
    migrated: Callable[[str], Awaitable[str]], came: Came
) -> None:
    async with open_services(migrated) as services:
        await live(services)
        await expire(services)
        await credit(services)
    figures: list[int] = []
    for first, last in ((1, FEW), (FEW + 1, FEW + MANY // FEW)):
        await tell_again(services, first, last)
        seen, wrong, memory = await audit_of(services)
        print(f"{seen} events: {memory / 1024:.0f} MiB")
        assert wrong == {}
        figures.append(memory)
    assert seen > 90_000
    more = figures[1] - figures[0]
    came("as much memory" if more < MOST else f"{more} KiB more")


async def tell_again(services: AuditedServices, first: int, last: int) -> None:
    for dsn in services.dsns.values():
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(TOLD_AGAIN, first, last)
            await connection.execute("analyze events")
        finally:
            await connection.close()


async def audit_of(services: AuditedServices) -> tuple[int, dict[str, object], int]:
    """How many events an audit in a process of its own has seen, what it found, and its memory in KiB."""
    process = await create_subprocess_exec(sys.executable, "-c", AUDIT, json.dumps(dict(services.dsns)), stdout=PIPE)
    said, _ = await process.communicate()
    seen, wrong, memory = json.loads(said)
    return seen, wrong, memory
