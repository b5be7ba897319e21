"""`python -m tests.proof.histories [--count N] [--first-seed S]`: seeded histories of refunds in simulation, and what
they came to. In each of them no payment gives back more than it took, at any moment, nothing is paid twice, and every
refund ends; every twentieth is played twice, and its trace is the same.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from random import Random

from tests.proof.histories import judge
from tests.proof.histories.steps import STEPS
from tests.proof.histories.world import World

SHORTEST, LONGEST = 10, 36
TWICE = 20
"""One in so many is played twice."""
AT_ONCE = 250


def a_first_seed() -> int:
    """Another one each time; with `CI` set always the same, so that the same tree gives the same result."""
    return 0 if os.environ.get("CI") else Random().randrange(1_000_000)


async def play(seed: int) -> tuple[World, Counter[str]]:
    """A history from its beginning to its end; an error that names the seed where something does not hold."""
    world = World(seed)
    weights, steps = zip(*STEPS, strict=True)
    try:
        for _ in range(world.chance.randint(SHORTEST, LONGEST)):
            step = world.chance.choices(steps, weights)[0]
            world.did[step.__name__] += 1
            await step(world)
            judge.judge(world)
        ended = await judge.end(world)
    except Exception as error:
        raise RuntimeError(f"seed {seed}: {error!r}") from error
    return world, ended


async def told(seeds: Sequence[int]) -> Counter[str]:
    """What the histories of these seeds came to."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        world, ended = await play(seed)
        counts += Counter({f"ended {state}": number for state, number in ended.items()})
        counts += Counter({"histories": 1, "events": len(world.store.log), "payments": len(world.provider.ledger)})
        counts += Counter({f"step {name}": number for name, number in world.did.items()})
        if seed % TWICE == 0:
            again, _ = await play(seed)
            assert await again.digest() == await world.digest(), f"seed {seed} has two traces"
            counts["played twice"] += 1
    return counts


def _told(seeds: Sequence[int]) -> Counter[str]:
    return asyncio.run(told(seeds))


def main() -> int:
    """Plays them in as many processes as there are cores, and prints the counts."""
    parser = argparse.ArgumentParser(prog="tests.proof.histories", description="Histories of refunds in simulation.")
    parser.add_argument("--count", type=int, default=20_000, help="how many (20,000)")
    parser.add_argument("--first-seed", type=int, default=a_first_seed(), help="to see the same again")
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.count)
    print(f"histories: seeds {seeds[0]} to {seeds[-1]}", flush=True)
    began = time.monotonic()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        chunks = [seeds[start : start + AT_ONCE] for start in range(0, len(seeds), AT_ONCE)]
        counts = sum(processes.map(_told, chunks), Counter[str]())
    for name, number in sorted(counts.items()):
        print(f"  {name:<32} {number:>9,}")
    print(f"histories: {counts['histories']:,} kept the cap and ended, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
