"""`python -m tests.chaos [--seeds N] [--minutes M] [--trials T] [--first-seed S]`: every promise on real processes, one
line of counts each.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from local_stack.state import PROJECT as ROOT
from tests.chaos import hangs, outages, points
from tests.chaos.around_the_call import PLACES, killed_around_the_call
from tests.chaos.every_step import every_step
from tests.chaos.failover import tail_lost
from tests.chaos.points import every_point
from tests.chaos.run import Kept, Run, open_run
from tests.chaos.same_key import same_key
from tests.chaos.stack import PROJECT
from tests.chaos.stories import LASTING
from tests.chaos.storm import storm
from tests.chaos.strangers import strangers

SHORTEST_STORM = 15.0
WINDING_UP = 12.0
"""Seconds between the end of a storm's time and its audit's."""
AWAY, SILENT, LONG_AWAY = 30.0, 15.0, 150.0
DATABASE = (outages.postmaster_killed, outages.stopped_at_once, outages.session_killed, outages.gone_for_a_while)

Promise = Callable[[Run], Awaitable[Kept]]
FIRST: tuple[Promise, ...] = (
    Run.learn,
    lambda run: every_point(run, points.everywhere()),
    lambda run: same_key(run, ["returned", "declined", "mediated"]),
    lambda run: every_step(run, "mediated"),
    lambda run: outages.broker_away(run, AWAY, outages.killed),
    lambda run: outages.broker_away(run, SILENT, outages.stopped),
    *(partial(outages.struck, blows=[blow]) for blow in DATABASE),
    lambda run: outages.struck(run, [outages.everything_killed] * 3, LASTING),
    hangs.database_hung,
    hangs.workers_frozen,
    hangs.clocks_differ,
    hangs.clocks_step_back,
    strangers,
    tail_lost,
    lambda run: hangs.broker_away_and_a_deadline(run, LONG_AWAY),
)


async def promises(seeds: list[int], end: float, trials: int) -> AsyncIterator[Kept]:
    """One after the other on one stack; the storms share the time that is left, and the trials have their own."""
    async with open_run() as run:
        for promise in FIRST:
            yield await promise(run)
        lasting = max(SHORTEST_STORM, (end - time.monotonic()) / (len(seeds) + 1) - WINDING_UP)
        for seed in seeds:
            yield await storm(run, seed, lasting)
        yield await storm(run, seeds[0], lasting, (*PROJECT, "sandbox"), LASTING)
        async for kept in killed_around_the_call(run, trials, seeds[0]):
            yield kept


async def main(asked: argparse.Namespace) -> int:
    """Tells each promise as soon as it is kept; the first that is not ends the run."""
    began = time.monotonic()
    seeds = list(range(asked.first_seed, asked.first_seed + asked.seeds))
    print(f"chaos: {_commit()}, seeds {seeds[0]} to {seeds[-1]}, about {asked.minutes:g} minutes", flush=True)
    print(f"chaos: and {asked.trials} trials at each of {len(PLACES)} places around the provider's call", flush=True)
    kept = 0
    async for promise in promises(seeds, began + 60 * asked.minutes, asked.trials):
        print(promise.line, flush=True)
        kept += 1
    print(f"chaos: {kept} times everything was kept, in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "no commit"


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description="Faults on real processes, then the audit.")
    parser.add_argument("--seeds", type=int, default=5, help="how many storms of kills (5)")
    parser.add_argument("--minutes", type=float, default=7, help="how long all but the trials shall take (7)")
    parser.add_argument("--trials", type=int, default=50, help="kills at each place around the provider's call (50)")
    parser.add_argument(
        "--first-seed", type=int, default=random.randrange(1_000_000), help="to see the same kills again"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_asked())))
