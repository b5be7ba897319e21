"""Worker's HTTP server: probes, and in the sandbox whether anything is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import web

from shared.http.problems import MEDIA_TYPE, Problem
from shared.http.responses import to_json
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.health import Check, Probes
from shared.process.settings import Settings
from shared.process.startup import bind
from shared.resilience.retry import transient

QUIET = "/internal/quiet"
CLOSE_LIMIT = 2.0


class Head(Protocol):
    """The store, as far as the clock asks about it."""

    async def head(self) -> int:
        """The position of the log's last event."""


class WorkerServer:
    """Answers /healthz, /readyz, /metrics, and in sandbox mode /internal/quiet, on the worker's port."""

    def __init__(
        self,
        settings: Settings,
        port: int,
        clock: Clock,
        store: Head,
        components: Sequence[Component],
        checks: Mapping[str, Check],
    ) -> None:
        self._settings = settings
        self._port = port
        self._clock = clock
        self._store = store
        self._components = components
        self._probes = Probes({"clock": self._clock_known, "halted": self._no_halt, **checks})
        self.halted: dict[str, str] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serves while the body runs."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_LIMIT)
        await runner.setup()
        try:
            await web.SockSite(runner, bind(self._settings.host, self._port)).start()
            yield
        finally:
            await runner.cleanup()

    async def quiet(self) -> dict[str, Any]:
        """Whether nothing is left to do at the clock's now; with the clock's revision before the question and the log's
        head after it.
        """
        revision = self._clock.revision
        # Side by side: a subscription's question to the broker waits behind its own long poll.
        unfinished = await asyncio.gather(*map(_unfinished, self._components))
        deadlines = await asyncio.gather(*(component.next_deadline() for component in self._components))
        reasons = [
            *filter(None, unfinished),
            *(f"{name} stands still: {remedy}" for name, remedy in self.halted.items()),
        ]
        return {
            "quiet": not reasons,
            "revision": revision,
            "head": await self._store.head(),
            "next_deadline": min(filter(None, deadlines), default=None),
            "reasons": reasons,
        }

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path in Probes.PATHS:
            probed = await self._probes.answer(request.path)
            return web.Response(body=probed.body, status=probed.status, headers={"Content-Type": probed.media_type})
        if request.path == QUIET and self._settings.mode == "sandbox":
            return await self._quiet()
        return _refused(Problem("not_found"))

    async def _quiet(self) -> web.Response:
        try:
            return web.Response(body=to_json(await self.quiet()), content_type="application/json")
        except Exception as error:
            if not transient(error):
                raise
            return _refused(Problem("busy"))

    async def _clock_known(self) -> str | None:
        return None if self._clock.known else "the sandbox has not said what time it is"

    async def _no_halt(self) -> str | None:
        return "; ".join(f"{name}: {remedy}" for name, remedy in self.halted.items()) or None


def _refused(problem: Problem) -> web.Response:
    return web.Response(body=to_json(problem.body("-")), status=problem.status, content_type=MEDIA_TYPE)


async def _unfinished(component: Component) -> str | None:
    """What a component has left to do; one that fails to answer is not quiet."""
    try:
        return await component.quiet()
    except Exception as error:
        return f"{type(component).__name__}: {type(error).__name__}"
