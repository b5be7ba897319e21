"""Command line of the benchmarks: a table, `bench/report.json`, and exit status 1 where a gate is missed, 2 where the
machine was too restless to judge.

A part is a module with `async rows(place, seconds a round, rounds) -> Sequence[Row]`; what its rows are measured
against is measured in the same rounds. Its place is the address of a PostgreSQL server of its own, or a running stack
that the parts share.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import uvloop

from bench.machine import machine
from bench.report import Row, show, status, write
from bench.stack import running_stack
from tests.support.servers.backing import running_postgres

ON_POSTGRES = ("append", "http", "deadlines", "rebuild", "follow", "rush", "labels")
ON_STACK = ("idle", "visible", "flows")
"""The first one measures a stack on which nothing has happened yet."""
LONG = ("growth",)
"""On PostgreSQL, and only where asked for."""
REPORT = Path(__file__).parent / "report.json"


async def measured(parts: Sequence[str], seconds: float, rounds: int) -> list[Row]:
    """The rows of these parts: each on a fresh server, or all on one stack."""
    found: list[Row] = []
    for part in (*ON_POSTGRES, *LONG):
        if part in parts:
            async with running_postgres() as server:
                found += await _rows(part, server, seconds, rounds)
    if of_stack := [part for part in ON_STACK if part in parts]:
        async with running_stack() as stack:
            for part in of_stack:
                found += await _rows(part, stack, seconds, rounds)
    return found


async def _rows(part: str, place: object, seconds: float, rounds: int) -> Sequence[Row]:
    print(f"measuring: {part}", file=sys.stderr, flush=True)
    rows: Sequence[Row] = await import_module(f"bench.{part}").rows(place, seconds, rounds)
    return rows


def main() -> int:
    """Measures, reports, and says whether every gate is passed."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--seconds", type=float, default=3, help="of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=[*ON_POSTGRES, *ON_STACK, *LONG], help="these parts alone")
    parser.add_argument("--growth", action="store_true", help="also 2,000,000 events against 20,000: some minutes")
    parser.add_argument("--short", action="store_true", help="one round of a second each: whether every row still runs")
    arguments = parser.parse_args()
    seconds, rounds = (1, 1) if arguments.short else (arguments.seconds, arguments.rounds)
    parts = arguments.only or [*ON_POSTGRES, *ON_STACK, *(LONG if arguments.growth else ())]
    # As the services run: uvloop, and a collector that does not walk what lives for ever.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    before = machine()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measured(parts, seconds, rounds))
    show(rows, before)
    write(rows, before, REPORT)
    return 0 if arguments.short else status(rows)


if __name__ == "__main__":
    sys.exit(main())
