"""Worker's HTTP server: probes, and in the sandbox whether anything is left to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from shared.http.common_headers import BodyUnwanted, Stamped
from shared.http.problems import Problem, problem_of
from shared.http.request_context import RequestContext
from shared.http.responses import JsonResponse, problem_response, to_json
from shared.http.server import listening
from shared.observability.log_lines import Logger, without_text
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.health import Check, Probes
from shared.process.hosts import Hosts
from shared.process.settings import Settings
from shared.process.startup import bind
from shared.resilience.retry import transient

QUIET = "/internal/quiet"


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
        self._hosts = Hosts.of(settings)
        self._clock = clock
        self._store = store
        self._components = components
        self._probes = Probes({"clock": self._clock_known, "halted": self._no_halt, **checks}, self._needs_attention)
        self.halted: dict[str, str] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serves while the body runs."""
        async with listening(self, bind(self._settings.inner_host, self._port)):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        context = RequestContext.of(scope)
        fault = self._hosts.fault([value for name, value in scope["headers"] if name == b"host"], inner=True)
        answered = (
            problem_response(Problem(fault), context.request_id)
            if fault
            else await self._answer(scope["path"], context.request_id)
        )
        stamped = Stamped(scope, send, context, https=self._settings.mode == "production")
        with contextlib.suppress(BodyUnwanted):
            await answered(scope, receive, stamped)

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

    async def _answer(self, path: str, request_id: str) -> JsonResponse:
        if path in Probes.PATHS:
            probed = await self._probes.answer(path)
            return JsonResponse(probed.body, probed.status, probed.media_type.encode())
        try:
            if path == QUIET and self._settings.mode == "sandbox":
                return JsonResponse(to_json(await self.quiet()))
            return problem_response(Problem("not_found"), request_id)
        except Exception as error:
            if not transient(error):
                Logger("worker").error("failed", request_id=request_id, **without_text(error))
            return problem_response(problem_of(error), request_id)

    async def _clock_known(self) -> str | None:
        return None if self._clock.known else "the sandbox has not said what time it is"

    async def _no_halt(self) -> str | None:
        asked = [(component.name, component.halted()) for component in self._components]
        return "; ".join(f"{name}: {remedy}" for name, remedy in [*self.halted.items(), *asked] if remedy) or None

    def _needs_attention(self) -> dict[str, str]:
        asked = [(component.name, component.needs_attention()) for component in self._components]
        return {name: waiting for name, waiting in asked if waiting}


async def _unfinished(component: Component) -> str | None:
    """What a component has left to do; one that fails to answer is not quiet."""
    try:
        return await component.quiet()
    except Exception as error:
        return f"{type(component).__name__}: {type(error).__name__}"
