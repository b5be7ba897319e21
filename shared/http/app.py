"""HTTP application of a service: `service_app` and `create_app` put routes, store, clock and checks together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.decider import Decider
from shared.events.logs import Log
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.http import notifications
from shared.http.admission.addresses import Proxies
from shared.http.admission.door import Door
from shared.http.admission.quotas import Quotas
from shared.http.auth import Tokens
from shared.http.dry_run.foretelling import Foretelling
from shared.http.middleware import Middleware
from shared.http.openapi import describe
from shared.http.pages.help import pages
from shared.http.routing import Router
from shared.process.clock import Clock, SandboxClock, SystemClock
from shared.process.health import Check, Probes, database_check
from shared.process.quotas import quotas
from shared.process.settings import Settings

Parts = Mapping[str, AbstractAsyncContextManager[Any]]

_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False}


class App(FastAPI):
    """A service's application. `draining` is set when it is about to stop: streams end, and no new work should come."""

    def __init__(self, service: str, settings: Settings, clock: Clock, tokens: Tokens, **options: Any) -> None:
        self.service = service
        self.settings = settings
        self.clock = clock
        self.tokens = tokens
        self.quotas = Quotas(quotas(settings.quotas), Proxies(settings.proxies))
        self.draining = asyncio.Event()
        self.checks: dict[str, Check] = {}
        self._edge: Middleware | None = None
        super().__init__(
            title=f"makewhole {service.replace('_', '-')} service",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry=_NO_TELEMETRY,  # type: ignore[arg-type]
            **options,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a connection: requests go through the edge."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        if self._edge is None:
            https = self.settings.mode == "production"
            probes, door = Probes(self.checks), Door(self.settings, self.service)
            self._edge = Middleware(super().__call__, self.routes, probes, door, self.settings.support, https)
        await self._edge(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """The router alone: the edge answers for errors and limits. (The exit stack closes the files of forms.)"""
        return AsyncExitStackMiddleware(self.router)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document: FastAPI's, with callers, problems and headers described."""
        if not self.openapi_schema:
            self.openapi_schema = describe(super().openapi(), self.routes)
        return self.openapi_schema


def create_app(
    service: str,
    routers: Sequence[Router],
    parts: Parts,
    settings: Settings,
    *,
    clock: Clock | None = None,
    checks: Mapping[str, Check] | None = None,
    description: str = "",
) -> App:
    """The application of `service`.

    `parts` are entered in order when it starts and left in reverse: what each yields is `caller.state.<name>`. `clock`
    is the mode's where none is given, and then followed; `checks` stand beside those of /readyz: not draining, the
    clock known, the issuer's keys known.
    """
    time = clock or (SystemClock() if settings.mode == "production" else SandboxClock(settings.sandbox))
    app = App(
        service, settings, time, Tokens(settings), version="1", description=description, lifespan=_lifespan(parts)
    )
    for router in (*routers, pages()):
        # Not include_router, which would wrap every route in two more layers.
        app.router.routes.extend(router.routes)
    app.checks |= {**_own_checks(app), **(checks or {})}
    return app


def service_app(
    log: Log, decider: Decider, routers: Sequence[Router], settings: Settings, foretelling: Foretelling
) -> App:
    """The application of a service with a log of its own: its store, its pool and its decider are `caller.state`'s, and
    what it knows of its events for a dry run.
    """
    dsn = settings.dsn(log.service)
    store = open_store(dsn, deadlines=decider.deadlines, ceiling=settings.stream_ceiling)
    parts = {"store": store, "pool": open_pool(dsn)}
    checks = database_checks(settings, log.service)
    every = [*routers, notifications.router]
    app = create_app(log.service, every, parts, settings, checks=checks, description=log.about)
    app.state.decider, app.state.foretelling = decider, foretelling
    return app


def _lifespan(parts: Parts) -> Any:
    @asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if isinstance(app.clock, SandboxClock):
                await stack.enter_async_context(app.clock.following())
            for name, part in parts.items():
                setattr(app.state, name, await stack.enter_async_context(part))
            yield

    return lifespan


def _own_checks(app: App) -> dict[str, Check]:
    async def draining() -> str | None:
        return "stopping" if app.draining.is_set() else None

    async def clock() -> str | None:
        return None if app.clock.known else "the sandbox has not said what time it is"

    async def identity() -> str | None:
        keys = app.tokens.keys
        if not keys.known:
            await keys.refresh()
        return None if keys.known else "no key of the issuer's is known"

    return {"draining": draining, "clock": clock, "identity": identity}


def database_checks(settings: Settings, service: str) -> dict[str, Check]:
    """The check of a service's database: it answers, and is migrated."""
    return {"database": database_check(settings.dsn(service), service)}
