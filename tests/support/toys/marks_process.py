"""`python -m tests.support.toys.marks_process relay|projection|due <dsn> <bootstrap> <topic>`: one component in a
process of its own, to be killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.deadlines.due_loop import DueLoop
from shared.events.envelope import Recorded
from shared.eventstore.lease_session import Leases
from shared.resilience import crash_points
from shared.subscriptions.projection import Projection
from tests.support.toys.marks import Expire, Flow, HandClock, Runs, count_versions, deadlines, flow_on
from tests.support.toys.provider import PAYING, Bank, paying

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

HALF_WAY = crash_points.register(
    "test.half_way", "tests/support/toys/marks_process.py: a row of a batch is written, the batch is not committed"
)


async def count_or_die(connection: Connection, recorded: Recorded[Any]) -> None:
    await count_versions(connection, recorded)
    crash_points.point(HALF_WAY)


async def main(component: str, dsn: str, bootstrap: str, topic: str) -> None:
    crash_points.arm(os.environ.get("CRASH", ""), Path(os.environ["MAKEWHOLE_STATE"]))
    async with flow_on(dsn, bootstrap, topic, deadlines=deadlines) as flow:
        await made(component, flow).run()


def made(component: str, flow: Flow) -> Runs:
    if component == "relay":
        return flow.relay()
    if component == "projection":
        return flow.subscription("seen", Projection(count_or_die))
    bank = Bank(journal=Path(os.environ["MAKEWHOLE_STATE"]) / "calls")
    return DueLoop(flow.store, PAYING, flow.pool, Leases(flow.dsn), HandClock(), Expire, paying(bank))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
