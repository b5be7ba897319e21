"""Log lines: JSON on stderr, without personal text.

No line holds a request's body, a person's words or the text of an exception, which may quote either.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import orjson

_FRAMES = 20
OWN = frozenset({"shared"})
_REPEATED_AFTER = 60.0
_MOST_KINDS = 500


def configure_logging(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Every line of this process as one JSON object on `stream` (stderr), our own and those of libraries alike."""
    out = LogStream(stream or sys.stderr)
    number = logging.getLevelNamesMapping()[level.upper()]
    Logger.service, Logger.least, Logger.out = service, number, out
    handler = logging.StreamHandler(out)
    atexit.register(out.write_out)
    handler.setFormatter(_JsonFormatter(service))
    handler.addFilter(Repeats(OWN | {service}))
    # Warnings only of libraries: below that, some of them print addresses and parameters.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in OWN | {service}:
        logging.getLogger(ours).setLevel(number)


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Reports what the event loop finds wrong without the texts that it would print: they quote exceptions."""
    loop.set_exception_handler(_on_loop_error)


def without_text(error: BaseException) -> dict[str, Any]:
    """The kind of an exception and where it came from, never its text: that may quote what a person typed."""
    return {"error": type(error).__name__, "at": _frames(error.__traceback__), **_cause(error)}


class LogStream:
    """Buffer of log lines: all of one turn of the event loop go out in one write, for each write is a system call.

    A reader that has gone is no reason to fail a request.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None

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


class Logger:
    """Says events with their fields, each as one line; all of a process on one stream."""

    service = ""
    least = logging.INFO
    out = LogStream(sys.stderr)

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **fields: Any) -> None:
        """What is as it should be."""
        self._say(logging.INFO, "info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """What should not be, and may pass by itself."""
        self._say(logging.WARNING, "warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """What a person should look at."""
        self._say(logging.ERROR, "error", event, fields)

    def _say(self, number: int, level: str, event: str, fields: Mapping[str, Any]) -> None:
        if number >= self.least:
            line = {
                "logger": self._name,
                **fields,
                "event": event,
                "level": level,
                "service": self.service,
                "time": _now(),
            }
            self.out.write(_line(line) + "\n")


class Repeats(logging.Filter):
    """Of the same line of a library one a minute: some say ten times a second that a server is away.

    What is the same is told by the place in the code, for some put the names of servers into their texts.
    """

    def __init__(self, ours: Set[str], now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._ours = ours
        self._now = now
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line goes out."""
        if record.name.partition(".")[0] in self._ours:
            return True
        kind, now = (record.pathname, record.lineno), self._now()
        if now - self._said.get(kind, -_REPEATED_AFTER) < _REPEATED_AFTER:
            return False
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[kind] = now
        return True


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
        return _line(line | {"service": self._service, "time": _now()})


def _now() -> datetime:
    # The real clock: a log tells what the machine did, whatever time it is in the domain.
    return datetime.now(UTC)  # noqa: TID251


def _line(line: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(line, str, orjson.OPT_UTC_Z).decode()
    except orjson.JSONEncodeError:  # a name that is no text: rare, and looking for one costs each line
        return orjson.dumps(line, str, orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-_FRAMES:]]


def _cause(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BaseExceptionGroup):
        return {"errors": [without_text(part) for part in error.exceptions]}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {"cause": without_text(cause)} if cause else {}


def _on_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    Logger("asyncio").error(context.get("message", "event loop"), **(without_text(error) if error else {}))
