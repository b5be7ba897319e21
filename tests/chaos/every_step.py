"""Every step of a life under `kill -9`: while a command is under way, every process of the project dies, and the life
comes to its end.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import aiohttp

from tests.chaos.client import Journal, Patient
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import PROJECT, Chaos
from tests.chaos.stories import STORIES, Case, Wave
from tests.e2e.client import Answer

UNDER_WAY = 0.03
"""Seconds within which a command is answered, and the processes die."""


class Hunted(Patient):
    """A client at each of whose commands the whole project is killed."""

    def __init__(self, session: aiohttp.ClientSession, base: int, journal: Journal, stack: Chaos, seed: int) -> None:
        super().__init__(session, base, journal)
        self.stack, self.chance = stack, random.Random(seed)

    async def send(self, service: str, method: str, path: str, *, worker: bool = False, **request: Any) -> Answer:
        """A query's answer; a command's, once everybody has died and is back."""
        asked = super().send(service, method, path, worker=worker, **request)
        if "Idempotency-Key" not in (request.get("headers") or {}):
            return await asked
        answered = asyncio.create_task(asked)
        await asyncio.sleep(self.chance.uniform(0, UNDER_WAY))
        dead = await asyncio.gather(*(self.stack.processes[name].kill() for name in PROJECT))
        self.seen["killed"] += sum(dead)
        self.seen["steps"] += 1
        answer = await answered
        await self.stack.back()
        return answer


async def every_step(run: Run, story: str, seed: int = 1) -> Kept:
    """Plays the story, at each of whose commands everybody dies."""
    began = time.monotonic()
    client = Hunted(run.client.session, run.stack.base, run.client.journal, run.stack, seed)
    name = run.new_wave("step")
    case = Case(client, f"{name}-{story}-0", STORIES[story][1])
    wave = Wave(name, {case.order_id: await STORIES[story][0](case)})
    met = {"seed": seed, "steps": client.seen["steps"], "kills": client.seen["killed"]}
    return Kept("kill -9 at every step", {**met, **await run.ended([wave]), **seconds(began)})
