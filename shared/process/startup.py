"""Process startup: logs, crash points, a listening socket, a settled heap."""

from __future__ import annotations

import gc
import resource
import socket
import sys

from shared.observability.log_lines import configure_logging
from shared.process.settings import Settings
from shared.resilience import crash_points

BACKLOG = 2048
MOST_FILES = 65_536
GENERATIONS = (50_000, 50, 100)
"""Rare collections: almost nothing here is cyclic, and each pause delays a request."""


def prepare(service: str, settings: Settings) -> None:
    """What every process does first: logs as JSON, crash points armed."""
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
