"""HTTP server: uvicorn on uvloop and httptools, which drains before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.http.admission.addresses import Proxies
from shared.http.admission.sockets import Admission
from shared.http.protocol import BoundedHttpProtocol
from shared.observability.log_lines import Logger, watch_loop
from shared.process.health import Check
from shared.process.liveness import watched_loop
from shared.process.settings import Settings
from shared.process.startup import bind, prepare, settle, stop_signals, unless_stopped, wait_for

if TYPE_CHECKING:
    from shared.http.app import App

KEEP_ALIVE = 60  # seconds, between two requests
CLOSE_LIMIT = 2.0  # seconds
LOOK_EVERY = 1.0  # seconds


def serve(app: App, port: int | None = None, begins_with: Check | None = None) -> None:
    """Serves until SIGTERM or SIGINT; from when the check `begins_with` passes, where there is one.

    Then /readyz says 503, after `settings.drain` no connection is accepted, and requests have `settings.stop_limit` to
    end.
    """
    settings = app.settings
    prepare(app.service, settings)
    sockets = [bind(settings.host, port or settings.port(app.service), settings.reuse_port)]
    if settings.mode == "production":
        sockets.append(bind(settings.inner_host, settings.inner_port(app.service), settings.reuse_port))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        watch_loop(runner.get_loop())
        runner.run(_serve(app, sockets, begins_with))


async def _serve(app: App, sockets: list[socket.socket], begins_with: Check | None) -> None:
    with watched_loop():
        if await _there(begins_with):
            await DrainingServer(app, app.settings).serve(sockets=sockets)


async def _there(check: Check | None) -> bool:
    """Whether to begin: not where a stop was requested before the check has passed."""
    if check is None:
        return True
    with stop_signals() as stop_requested:
        return await unless_stopped(wait_for("database", check), stop_requested)


class DrainingServer(uvicorn.Server):
    """uvicorn, which on a signal first says that it is not ready, and stops a moment later; a second signal stops it at
    once.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        super().__init__(
            _config(
                app,
                Admission(proxies=Proxies(settings.proxies)),
                lifespan="on",
                timeout_graceful_shutdown=int(settings.stop_limit),
            )
        )
        self._app = app
        self._drain = settings.drain
        self._signals = 0
        self._signalled = asyncio.Event()
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and then settles the heap."""
        await super().startup(sockets)
        settle()
        Logger("http").info("listening", address=[_address(listening) for listening in sockets or []])

    async def main_loop(self) -> None:
        """Looks once a second, where uvicorn looks ten times, whether to stop, and at once when a signal has come."""
        while not await self.on_tick(0):
            left = LOOK_EVERY if self._stop_at is None else self._stop_at - asyncio.get_running_loop().time()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_EVERY, left)):
                    await self._signalled.wait()
            self._signalled.clear()

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop."""
        if self._signals and self._stop_at is None:
            self._app.draining.set()
            self._stop_at = asyncio.get_running_loop().time() + self._drain
            Logger("http").info("draining", seconds=self._drain)
        if self._stop_at is not None and asyncio.get_running_loop().time() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Counts a signal; the process then ends with status 0."""
        self._signals += 1
        if self._signals > 1:
            self.should_exit = self.force_exit = True
        asyncio.get_running_loop().call_soon_threadsafe(self._signalled.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles SIGTERM and SIGINT while it serves; afterwards they are as before."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


@contextlib.asynccontextmanager
async def listening(app: ASGIApp, at: socket.socket, admission: Admission | None = None) -> AsyncIterator[str]:
    """Serves an application without a lifespan at a socket while the body runs; yields the address."""
    config, state = _config(app, admission or Admission(), lifespan="off"), uvicorn.server.ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
        sock=at,
    )
    try:
        yield _address(at)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=CLOSE_LIMIT)
        for connection in list(state.connections):
            connection.transport.abort()


def _config(app: ASGIApp, admission: Admission, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=partial(BoundedHttpProtocol, admission),  # type: ignore[arg-type]
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        **options,
    )


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
