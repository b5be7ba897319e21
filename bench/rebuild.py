"""Rebuild benchmark: read models made anew from the log, against COPY of the same events into Python without a look at
them.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence

import asyncpg

from bench.lives import filled, wanted_events
from bench.report import Row
from dispute.read_models import dispute_history, order_status
from ops.rebuild import rebuild
from shared.subscriptions.projection import ReadModel
from tests.support.servers.backing import Databases

A_SECOND = 20_000
"""Events in the log for each second of a round, where BENCH_EVENTS says nothing else."""
SAME_EVENTS = """
select position, stream, version, key, type, data, metadata from events
where stream ^@ any(array['{}']) order by position
"""
GATES = {order_status.NAME: (order_status, 0.15, 0.45), dispute_history.NAME: (dispute_history, 0.15, 0.30)}


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """Events a second, of those that the read model follows."""
    dsn = await Databases(server).migrated("dispute")
    events = await filled(dsn, wanted_events(int(A_SECOND * seconds)))
    goals = []
    for name, (model, gate, target) in GATES.items():
        ours, copied = [], []
        for _ in range(rounds):
            count, took = await copy(dsn, model)
            copied.append(count / took)
            began = time.perf_counter()
            await rebuild(dsn, "dispute", model, "bench")
            ours.append(count / (time.perf_counter() - began))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        note = f"{count:,} of {events:,} events; this process held at most {peak:,.0f} MiB"
        goals.append(Row(f"rebuild, {name}", "/s", ours, copied, "COPY", gate, target, note=note))
    return goals


async def copy(dsn: str, model: ReadModel) -> tuple[int, float]:
    """How many events the read model follows, and the seconds in which COPY brings them here."""
    query = SAME_EVENTS.format("', '".join(model.STREAMS))
    connection = await asyncpg.connect(dsn)
    try:
        began = time.perf_counter()
        status = await connection.copy_from_query(query, output=_nowhere, format="binary")
        return int(status.split()[-1]), time.perf_counter() - began
    finally:
        await connection.close()


async def _nowhere(data: bytes) -> None:
    """What comes is let go."""
