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

from shared.http.app import App
from shared.http.problems import MEDIA_TYPE, Problem
from shared.http.responses import to_json
from shared.observability.log_lines import configure_logging, logger, watch_loop
from shared.process.settings import Settings
from shared.resilience import crash_points

BACKLOG = 2048
GENERATIONS = (50_000, 50, 100)
"""Rare collections: almost nothing here is cyclic, and each pause is somebody's slowest request."""

HEAD_BYTES = 65_536
HEAD_LINES = 200
HEAD_SECONDS = 10.0
CONCURRENCY = 2000
"""How many connections, or requests being answered, a process has before it answers 503."""


def prepare(service: str, settings: Settings) -> None:
    """What every process does first: logs as JSON, crash points armed."""
    configure_logging(service, settings.log_level)
    crash_points.arm(settings.crash, settings.state)


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
        sys.exit(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, or set PORT_BASE to another base"
        )
    listening.set_inheritable(True)
    return listening


def settle() -> None:
    """Sets what has been loaded apart from what collections look at, and makes them rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GENERATIONS)


class TooLarge(Exception):
    """Ends the parsing of a request whose head is too large."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit to a request's head (and to its trailers), in bytes, lines and time.

    It answers to what is no HTTP, or too much of it, in the form of every other refusal.
    """

    _received = 0  # bytes, on this connection
    _before = 0  # the same, before the data being parsed
    _began = 0  # the same, before the data in which the head (or what may be trailers) began
    _allowed = HEAD_BYTES
    _between = True  # no request has begun since the last one's end
    _fresh = True  # nor in the data being parsed
    _in_head = False
    _in_trailers = False  # after a chunk's size, until its data or its end
    _too_large = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for a first request no longer than for a next one."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the timers."""
        self._stop_head_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses, and then looks at what is left unfinished."""
        self._before = self._received
        self._received += len(data)
        self._fresh = self._between
        super().data_received(data)
        if self._in_head or self._fresh or self._in_trailers:
            self._unfinished()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._mark()
        self._between = self._fresh = False
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head's end: refuses what came at once and is too large, before anything is started for it."""
        self._in_head = False
        if self._head_timer is not None:
            self._stop_head_timer()
        # More came than a head may have: the head itself is measured, for a body may have come with it.
        if len(self.headers) > HEAD_LINES or (
            self._received - self._began > HEAD_BYTES and self._head_size() > HEAD_BYTES
        ):
            self._too_large = True
            raise TooLarge
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A chunk's size; after the last one's come trailers, which the parser collects like headers."""
        self._mark()
        self._in_trailers = True

    def on_body(self, body: bytes) -> None:
        """Data."""
        self._in_trailers = False
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """A chunk's end, or the trailers'."""
        self._in_trailers = False

    def on_message_complete(self) -> None:
        """A request's end."""
        self._between = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses, and ends the connection."""
        if self._too_large:
            self._refuse_size()
        else:
            self._refuse("400 Bad Request", to_json(Problem("malformed_request").body("-")))

    def _mark(self) -> None:
        self._began = self._before
        # What stands before it in the same data is not its own; how much that is the parser does not tell.
        self._allowed = HEAD_BYTES if self._fresh else HEAD_BYTES + self._received - self._before

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _unfinished(self) -> None:
        if self.transport.is_closing():
            return
        if not self._fresh and (self._received - self._began > self._allowed or len(self.headers) > HEAD_LINES):
            self._refuse_size()
        elif self._head_timer is None and not self._in_trailers and (self._in_head or not self._answering()):
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_late(self) -> None:
        self._head_timer = None
        if self._answering():  # what waits behind a request that is being answered has its time afterwards
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)
        else:
            self.transport.close()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_size(self) -> None:
        if self._in_trailers or self._answering():  # a second answer, or one within another, would be misread
            self.transport.close()
            return
        body = Problem("too_large", f"A request's head has at most {HEAD_BYTES} bytes and {HEAD_LINES} headers.").body(
            "-"
        )
        self._refuse("431 Request Header Fields Too Large", to_json({**body, "status": 431}))

    def _refuse(self, status: str, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: "
            f"close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


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
