"""Command line of the benchmarks: a table, `bench/report.json`, and exit status 1 where a gate is missed."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import uvloop

from bench.report import Row, show, write
from tests.support.servers.backing import running_postgres

# Each has `async rows(server url, seconds a round, rounds) -> Sequence[Row]`.
PARTS = [name for name in ("append", "http", "rebuild", "policies", "deadlines") if find_spec(f"bench.{name}")]
REPORT = Path(__file__).parent / "report.json"


async def measured(parts: Sequence[str], seconds: float, rounds: int) -> list[Row]:
    """The rows of these parts, each part on a fresh server."""
    goals: list[Row] = []
    for part in parts:
        async with running_postgres() as server:
            goals += await import_module(f"bench.{part}").rows(server, seconds, rounds)
    return goals


def main() -> int:
    """Measures, reports, and says whether every gate is passed."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--seconds", type=float, default=3, help="of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    # As the services run: uvloop, and a collector that does not walk what lives for ever.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measured(arguments.only, arguments.seconds, arguments.rounds))
    show(rows)
    write(rows, REPORT)
    return 0 if all(row.reaches(row.gate) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
