"""HTTP protocol: uvicorn's, with limits to a request's head in bytes and lines, and to every wait for a client."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.http.admission.sockets import Admission, Place
from shared.http.early_refusals import full, unasked
from shared.http.problems import Problem
from shared.http.whole_messages import with_whole_messages
from shared.process.health import Probes
from shared.process.hosts import name_host_of_target

HEAD_BYTES = 65_536
HEAD_LINES = 200
FIRST_BYTE_SECONDS = 10.0
HEAD_SECONDS = 10.0
REST_SECONDS = 10.0
"""For what is left of a body that was answered before its end."""
WRITE_SECONDS = 10.0
"""For a client to take some of an answer that waits for it."""
HALF_CLOSED_SECONDS = 1.0
"""How long an answer may still take after its client has ended its side: most who do have gone."""


class NoHead(Exception):
    """Ends the parsing of a head that is too large, or of another version than this server speaks."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit to a request's head (and to its trailers), in bytes, lines and time, and to every
    other wait for the client.

    It answers to what is no HTTP, or too much of it, and to whoever comes when the process is full, in the form of
    every other refusal.
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
    _rest_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _place: Place
    _answered: RequestResponseCycle | None = None  # the request that is being answered, or was the last
    _deaf = False  # what follows cannot be read

    def __init__(self, admission: Admission, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._admission = admission

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, and waits for a first byte."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(FIRST_BYTE_SECONDS, self.timeout_keep_alive_handler)
        self._place = self._admission.enter(self, self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Leaves its place, and forgets the timers."""
        self._place.leave()
        for timer in (self._head_timer, self._rest_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Closes for another connection's sake."""
        self._close()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came in time."""
        self._close()

    def pause_writing(self) -> None:
        """The client does not take its answer: not for ever."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes its answer."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def data_received(self, data: bytes) -> None:
        """Parses, and then looks at what is left unfinished."""
        if self._deaf:
            return
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
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise NoHead
        # More came than a head may have: the head itself is measured, for a body may have come with it.
        if len(self.headers) > HEAD_LINES or (
            self._received - self._began > HEAD_BYTES and self._head_size() > HEAD_BYTES
        ):
            self._too_large = True
            raise NoHead
        name_host_of_target(self.url, self.headers)
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
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """An answer's end: the next request may come, or what is left of this one."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()
        elif not self._answering():  # or else the next one has come already
            self._place.rest()
            if not self._between and not self._in_head:
                self._rest_timer = self.loop.call_later(REST_SECONDS, self._close)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client's side has ended: whoever waits for an answer still gets it, if it comes soon."""
        waiting = self._between and self._answering()
        if waiting:
            self._finish(self.cycle)
            self.loop.call_later(HALF_CLOSED_SECONDS, self.transport.close)
        return waiting

    def send_400_response(self, msg: str) -> None:
        """Refuses, and ends the connection: behind an answer under way at its end, without a word."""
        if self._too_large:
            self._refuse_size()
        elif (under_way := self._answered) and not under_way.response_complete and not under_way.more_body:
            self._finish(under_way)
        elif self._answering() and self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, Problem("malformed_request"))

    def _finish(self, last: RequestResponseCycle) -> None:
        """Answers what had come whole, and then ends the connection."""
        if self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        self._deaf = True
        (self.pipeline[0][0] if self.pipeline else last).keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        self._unset_keepalive_if_required()
        # A probe is answered however much else is under way: who asks decides whether this process goes on.
        room = self._place.begin() or cycle.scope["path"] in Probes.PATHS
        task = self.loop.create_task(cycle.run_asgi(with_whole_messages(app if room else full, cycle)))
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(self._place.end)
        self.tasks.add(task)

    def _close(self) -> None:
        """Closes, at once where the client does not take what was answered."""
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(WRITE_SECONDS, self.transport.abort)

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
            self._close()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_size(self) -> None:
        if self._in_trailers or self._answering():  # a second answer, or one within another, would be misread
            self.transport.close()
            return
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            Problem("too_large", f"A request's head has at most {HEAD_BYTES} bytes and {HEAD_LINES} headers."),
        )

    def _refuse(self, status: HTTPStatus, problem: Problem) -> None:
        self.transport.write(unasked(status, problem, [] if self._between else self.headers))
        self.transport.close()
