"""`makewhole deadlines rebuild` on a service's own log: first the plan, then the deed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from dispute.domain.decider import decider
from ops.commands.deadlines import rebuilt
from tests.support.audit_databases import lived

DUE = "select stream, kind, due_at, key from deadlines order by stream, kind"


async def test_the_plan_changes_nothing_and_the_deed_brings_every_deadline_back(
    migrated: Callable[[str], Awaitable[str]],
) -> None:
    await lived("dispute", dsn := await migrated("dispute"))
    connection = await asyncpg.connect(dsn)
    try:
        whole = await connection.fetch(DUE)
        assert whole
        await connection.execute("delete from deadlines")
        plan = {"added": len(whole), "removed": 0, "moved": 0, "rekeyed": 0, "unreadable_streams": 0}
        assert (await rebuilt(dsn, decider, reason=None)).items() >= plan.items()
        assert await connection.fetch(DUE) == []
        assert (await rebuilt(dsn, decider, reason="a test")).items() >= {**plan, "left": 0}.items()
        assert await connection.fetch(DUE) == whole
        assert (await rebuilt(dsn, decider, reason="a test"))["added"] == 0
    finally:
        await connection.close()
