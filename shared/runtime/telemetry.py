"""What a process says about itself: JSON lines on stderr, metrics for Prometheus, and the trace that a request belongs to.

No line holds a request's body, a person's words or the text of an exception, which may quote either.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import orjson
import structlog
from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from structlog.typing import FilteringBoundLogger

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FRAMES = 20
_PAGE = 4096

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = Histogram("makewhole_http_request_seconds", "Requests by route template", ["method", "route", "status"], buckets=BUCKETS)
REPLAYS = Counter("makewhole_http_replayed", "Commands answered from the log because they were known", ["route"])
REFUSALS = Counter("makewhole_http_refused", "Refusals by code", ["code"])
CLOCK_REVISION = Gauge("makewhole_clock_revision", "How often the domain's clock has been moved")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def configure_logging(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Every line of this process as one JSON object on `stream` (stderr), our own and those of libraries alike."""
    out = Lines(stream or sys.stderr)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, _stamp(service), structlog.processors.JSONRenderer(serializer=_line)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    atexit.register(out.write_out)
    handler.setFormatter(_JsonFormatter(service))
    # Libraries speak up only when something is wrong: at work, some of them print addresses and parameters.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in ("shared", service):
        logging.getLogger(ours).setLevel(number)


def logger(name: str) -> FilteringBoundLogger:
    """A logger for events with fields."""
    bound: FilteringBoundLogger = structlog.get_logger().bind(logger=name)
    return bound


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Reports what the event loop finds wrong without the texts that it would print: they quote exceptions."""
    loop.set_exception_handler(_on_loop_error)


def without_text(error: BaseException) -> dict[str, Any]:
    """The kind of an exception and where it came from, never its text: that may quote what somebody typed."""
    return {"error": type(error).__name__, "at": _frames(error.__traceback__), **_cause(error)}


def metrics_page() -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(REGISTRY)


def traceparent_of(header: str | None) -> str:
    """The span of this request (W3C Trace Context): a child of the caller's, or the root of a new, unsampled trace."""
    if header and (found := _TRACEPARENT.fullmatch(header)) and found[1] != "ff" and (found[1] != "00" or not found[5]):
        return f"00-{found[2]}-{random_bytes(8).hex()}-{found[4]}"
    return f"00-{random_bytes(16).hex()}-{random_bytes(8).hex()}-00"


def child_of(traceparent: str) -> str:
    """A new span in the same trace, for a call to another process."""
    return traceparent_of(traceparent)


class Lines:
    """Log lines on their way to a stream: all of one turn of the event loop in one write, for each write is a system call.

    Its reader may have gone: a line that nobody hears is no reason to fail a request.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def msg(self, line: str) -> None:
        """Takes one line, without its end."""
        self.write(line + "\n")

    debug = info = warning = error = critical = msg

    def write(self, text: str) -> None:
        """Takes whole lines; without an event loop they are written at once."""
        self._waiting.append(text)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write_out()
            return
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self.write_out)

    def flush(self) -> None:
        """For the standard logging, which asks after each line: `write_out` follows by itself."""

    def write_out(self) -> None:
        """Writes what waits."""
        waiting, self._waiting, self._loop = self._waiting, [], None
        text = "".join(waiting)
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return


class _Chance:
    """Random bytes, fetched from the system by the page: one by one they would be the dearest part of a request."""

    def __init__(self) -> None:
        self._page = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes, never given twice."""
        if self._used + count > len(self._page):
            self._page, self._used = os.urandom(_PAGE), 0
        self._used += count
        return self._page[self._used - count : self._used]


random_bytes = _Chance().take
"""Random bytes for ids of requests, spans and commands without a key; for nothing that must be secret."""


class _JsonFormatter(logging.Formatter):
    """Lines of libraries and of modules that use the standard logging, in the same shape."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object; an exception without its text."""
        line: dict[str, Any] = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1]:
            line |= without_text(record.exc_info[1])
        return _line(line | {"service": self._service, "time": _time()})


def _stamp(service: str) -> Any:
    def stamp(_: Any, __: str, line: dict[str, Any]) -> dict[str, Any]:
        line["service"] = service
        line["time"] = _time()
        return line

    return stamp


def _time() -> str:
    # The real clock: a log tells what the machine did, whatever time it is in the domain.
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")  # noqa: TID251


def _line(line: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-_FRAMES:]]


def _cause(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BaseExceptionGroup):
        return {"errors": [without_text(part) for part in error.exceptions]}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {"cause": without_text(cause)} if cause else {}


def _on_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    logger("asyncio").error(context.get("message", "event loop"), **(without_text(error) if error else {}))
