"""HTTP server: uvicorn on uvloop and httptools, which drains before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType

import uvicorn
import uvloop

from shared.http.app import App
from shared.http.protocol import BoundedHttpProtocol
from shared.observability.log_lines import logger, watch_loop
from shared.process.settings import Settings
from shared.process.startup import bind, prepare, settle

CONCURRENCY = 2000
"""How many connections, or requests being answered, a process has before it answers 503."""


def serve(app: App, port: int | None = None) -> None:
    """Serves until SIGTERM or SIGINT.

    Then /readyz says 503, after `settings.drain` no connection is accepted, and requests have `settings.stop_limit` to
    end.
    """
    settings = app.settings
    prepare(app.service, settings)
    listening = bind(settings.host, port or settings.port(app.service), settings.reuse_port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        watch_loop(runner.get_loop())
        runner.run(DrainingServer(app, settings).serve(sockets=[listening]))


class DrainingServer(uvicorn.Server):
    """uvicorn, which on a signal first says that it is not ready, and stops a moment later; a second signal stops it at
    once.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=BoundedHttpProtocol,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(settings.stop_limit),
                timeout_keep_alive=60,
                limit_concurrency=CONCURRENCY,
            )
        )
        self._app = app
        self._drain = settings.drain
        self._signals = 0
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and then settles the heap."""
        await super().startup(sockets)
        settle()
        logger("http").info("listening", address=[_address(listening) for listening in sockets or []])

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop."""
        if self._signals and self._stop_at is None:
            self._app.draining.set()
            self._stop_at = asyncio.get_running_loop().time() + self._drain
            logger("http").info("draining", seconds=self._drain)
        if self._stop_at is not None and asyncio.get_running_loop().time() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Counts a signal; the process then ends with status 0."""
        self._signals += 1
        if self._signals > 1:
            self.should_exit = self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles SIGTERM and SIGINT while it serves; afterwards they are as before."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
