"""Process startup: logs, crash points, a listening socket, a settled heap."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

from shared.observability.log_lines import Logger, configure_logging
from shared.process.clock import Clock
from shared.process.health import Check
from shared.process.settings import Settings
from shared.resilience import crash_points
from shared.resilience.retry import Backoff, Transient

BACKLOG = 2048
MOST_FILES = 65_536
GENERATIONS = (50_000, 50, 100)
"""Rare collections: almost nothing here is cyclic, and each pause delays a request."""


def prepare(service: str, settings: Settings) -> None:
    """What every process does first: it ends in order when it is told to, logs as JSON, crash points armed."""
    for each in (signal.SIGTERM, signal.SIGINT):  # until `stop_signals` listens, and nothing has begun that has an end
        signal.signal(each, lambda *_: sys.exit(0))
    configure_logging(service, settings.log_level)
    crash_points.arm(settings.crash, settings.state)


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


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second signal ends the process at once."""
    loop, stop_requested = asyncio.get_running_loop(), asyncio.Event()

    def request_stop() -> None:
        if stop_requested.is_set():
            os._exit(1)
        stop_requested.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, request_stop)
    try:
        yield stop_requested
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)


async def wait_for(name: str, check: Check) -> None:
    """Returns once the check passes; a line says what is waited for, one more where that changes, and one when it is
    there.
    """
    backoff, said = Backoff(), None
    while word := await check():
        if word != said:
            Logger("startup").warning("waiting", waiting_for=name, because=word)
        said = word
        await backoff.pause(Transient(word))
    if said:
        Logger("startup").info("there", waiting_for=name)


async def wait_until_known(clock: Clock) -> None:
    """Returns once the clock is known."""
    if not clock.known:
        await clock.moved(clock.revision)


async def unless_stopped(work: Coroutine[Any, Any, None], stop_requested: asyncio.Event) -> bool:
    """Whether the work came to its end before a stop was requested."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop_requested.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    if tasks[0].done() and not tasks[0].cancelled():
        tasks[0].result()
    return not stop_requested.is_set()


def settle() -> None:
    """Sets what has been loaded apart from what collections look at, and makes them rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GENERATIONS)


def open_files() -> int:
    """How many files this process may open, the soft limit raised to the hard one."""
    soft, hard = (MOST_FILES if most == resource.RLIM_INFINITY else most for most in _file_limits())
    wanted = min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, _file_limits()[1]))
    return max(soft, wanted)


def _file_limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NOFILE)
