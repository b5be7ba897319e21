"""Serving HTTP from one process: uvicorn on uvloop and httptools, told to drain before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from types import FrameType

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.eventstore import crash
from shared.runtime.answers import to_json
from shared.runtime.http import App
from shared.runtime.problems import MEDIA_TYPE, Problem
from shared.runtime.settings import Settings
from shared.runtime.telemetry import configure_logging, logger, watch_loop

BACKLOG = 2048
GENERATIONS = (50_000, 50, 100)
"""Rare collections: almost nothing here is cyclic, and each pause is somebody's slowest request."""


def prepare(service: str, settings: Settings) -> None:
    """What every process does first: logs as JSON, crash points armed."""
    configure_logging(service, settings.log_level)
    crash.arm(settings.crash, settings.state)


def serve(app: App, port: int | None = None) -> None:
    """Serves until SIGTERM or SIGINT.

    Then /readyz says 503, after `settings.drain` no connection is accepted, and requests have `settings.stop_limit` to end.
    """
    settings = app.settings
    prepare(app.service, settings)
    listening = bind(settings.host, port or settings.port(app.service), settings.reuse_port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        watch_loop(runner.get_loop())
        runner.run(DrainingServer(app, settings).serve(sockets=[listening]))


def bind(host: str, port: int, reuse: bool = False) -> socket.socket:
    """A socket that listens; ends the process with one line where the port is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, or set PORT_BASE to another base")
    listening.set_inheritable(True)
    return listening


def settle() -> None:
    """Sets what has been loaded apart from what collections look at, and makes them rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GENERATIONS)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers to what is no HTTP in the form of every other refusal."""

    def send_400_response(self, msg: str) -> None:
        """Refuses, and ends the connection."""
        body = to_json(Problem("malformed_request").body("-"))
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()


class DrainingServer(uvicorn.Server):
    """uvicorn, which on a signal first says that it is not ready, and stops a moment later; a second signal stops it at once."""

    def __init__(self, app: App, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=Protocol,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(settings.stop_limit),
                timeout_keep_alive=60,
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
        """A signal; the process ends with status 0, for it was asked to."""
        self._signals += 1
        if self._signals > 1:
            self.should_exit = self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hears SIGTERM and SIGINT while it serves, and forgets them afterwards instead of dying of them."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
