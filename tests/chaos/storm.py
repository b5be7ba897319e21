"""Storm: kill -9 of random processes while orders are played; each order ends as it does without faults."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import PROJECT, Chaos
from tests.chaos.stories import STORIES, Wave

PAUSE = 0.5, 2.0
"""Seconds between two kills of a gust."""
LULL = 0.0, 2.0
"""Seconds between the moment when all are back and the next gust."""
COPIES, PACE = 4, 0.8
"""So many stories of each kind side by side, and thoughtful people: at every moment somebody is in the middle of
something.
"""


@dataclass(slots=True)
class Killer:
    """`kill -9` for every one of the victims in each gust, in an order of its own, whatever they are about to do:
    starting up too.

    Without lulls the supervisor's back-off would soon hold most of them back, and nothing would be left to kill in the
    middle of its work.
    """

    stack: Chaos
    seed: int
    victims: Sequence[str] = PROJECT
    killed: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Kills until it is cancelled; every kill is seen to have been one."""
        chance = random.Random(self.seed)
        while True:
            for name in chance.sample(self.victims, len(self.victims)):
                await asyncio.sleep(chance.uniform(*PAUSE))
                self.killed[name] += await self.stack.processes[name].kill()
            await self.stack.back()
            await asyncio.sleep(chance.uniform(*LULL))


async def storm(
    run: Run, seed: int, lasting: float, victims: Sequence[str] = PROJECT, stories: Iterable[str] = STORIES
) -> Kept:
    """Waves of stories for so many seconds, with a killer about; each victim must have died."""
    began, seen, killer = time.monotonic(), Counter(run.client.seen), Killer(run.stack, seed, victims)
    waves: list[Wave] = []
    async with asyncio.TaskGroup() as group:
        killing = group.create_task(killer.run())
        while not waves or time.monotonic() - began < lasting or not all(killer.killed[name] for name in victims):
            waves.append(await run.play(f"storm-{seed}-", COPIES, PACE, stories))
        killing.cancel()
    came_to = await run.ended(waves)
    met = {name.replace(" ", "_"): count for name, count in (run.client.seen - seen).items() if name != "acknowledged"}
    return Kept(
        f"kill -9 at any moment{', sandbox too' if 'sandbox' in victims else ''}",
        {"seed": seed, "kills": killer.killed.total(), **met, **came_to, **seconds(began)},
    )
