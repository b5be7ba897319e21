"""`python -m tests.flow_process relay|projection <dsn> <bootstrap> <topic>`: one component in a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.events.base import Recorded
from shared.eventstore import crash
from shared.eventstore.projection import Projection
from tests.flow import count_versions, flow_on

if TYPE_CHECKING:
    from shared.eventstore.checkpoints import Connection

HALF_WAY = crash.register("test.half_way", "tests/flow_process.py: a row of a batch is written, the batch is not committed")


async def count_or_die(connection: Connection, recorded: Recorded[Any]) -> None:
    await count_versions(connection, recorded)
    crash.point(HALF_WAY)


async def main(component: str, dsn: str, bootstrap: str, topic: str) -> None:
    crash.arm(os.environ.get("CRASH", ""), Path(os.environ["MAKEWHOLE_STATE"]))
    async with flow_on(dsn, bootstrap, topic) as flow:
        await (flow.relay() if component == "relay" else flow.subscription("seen", Projection(count_or_die))).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
