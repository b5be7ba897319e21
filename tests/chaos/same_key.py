"""The same key across a kill -9: the app dies after the commit and before the answer, and the same request again gets
that answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp

from shared.resilience import crash_points
from tests.chaos.client import FIRST_PAUSE, LATER, Journal, Patient
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import APPS, Chaos, Process
from tests.chaos.stories import STORIES, Case, Wave
from tests.e2e.client import Answer, Services

PLAN = f"{crash_points.AFTER_COMMIT}:1"


class Unlucky(Patient):
    """A client each of whose commands kills the app that carries it out, once it is committed and before anybody
    knows.
    """

    def __init__(self, session: aiohttp.ClientSession, base: int, journal: Journal, stack: Chaos) -> None:
        super().__init__(session, base, journal)
        self.stack = stack

    async def send(self, service: str, method: str, path: str, *, worker: bool = False, **request: Any) -> Answer:
        """A query's answer; a command's, which is that of a repeat, the same at the second repeat."""
        if "Idempotency-Key" not in (request.get("headers") or {}):
            return await super().send(service, method, path, worker=worker, **request)
        await self._cut_off(
            self.stack.processes[service], lambda: Services.send(self, service, method, path, **request)
        )
        first = await super().send(service, method, path, **request)
        again = await super().send(service, method, path, **request)
        assert first.replayed and again.replayed, (first, again)
        assert (first.status, first.raw, first.headers.get("ETag"), first.position) == (
            again.status,
            again.raw,
            again.headers.get("ETag"),
            again.position,
        )
        self.seen["cut off"] += 1
        return first

    async def _cut_off(self, app: Process, ask: Callable[[], Awaitable[Answer]]) -> None:
        """Asks until the app dies of it; one that is too busy to begin is asked again."""
        app.server.may_start.clear()
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while (answer := await ask()).status in LATER:
                await asyncio.sleep(FIRST_PAUSE)
            raise AssertionError(f"{app.server.name} lived on and answered {answer}")
        await app.died()
        assert app.crashed == [PLAN]
        app.forget_crashes()
        app.server.plans.append(PLAN)
        app.server.may_start.set()
        await app.back()


async def same_key(run: Run, stories: Iterable[str], apps: Iterable[str] = APPS) -> Kept:
    """Plays the stories, whose commands are for these apps; each command is cut off once."""
    began, armed = time.monotonic(), [run.stack.processes[name] for name in apps]
    client = Unlucky(run.client.session, run.stack.base, run.client.journal, run.stack)
    for app in armed:
        app.forget_crashes()
    await asyncio.gather(*(app.restart(PLAN) for app in armed))
    disputes: dict[str, str] = {}
    name = run.new_wave("cut")
    for story in stories:
        case = Case(client, f"{name}-{story}-0", STORIES[story][1])
        disputes[case.order_id] = await STORIES[story][0](case)
    for app in armed:
        app.disarm(PLAN)
    return Kept(
        "same key after kill -9",
        {"cut_off": client.seen["cut off"], **await run.ended([Wave(name, disputes)]), **seconds(began)},
    )
