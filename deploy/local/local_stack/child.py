"""Child process: a session and a log file of its own, ended together with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).with_name("launcher.py")
POLL = 0.05
NEEDED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH")
OURS = (*NEEDED, "MAKEWHOLE_*", "PORT_BASE", "CRASH", "PYTHON*", "SSL_CERT_*")
"""What processes of makewhole are given of the environment."""


@dataclass(frozen=True, slots=True)
class User:
    """The user whom a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """A named command line, its environment, and the signals that end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_limit: float = 15.0
    logged: bool = True
    inherits: Sequence[str] = ()
    """Patterns of the variables that it is given besides what every program needs."""
    folder: Path | None = None


class Child:
    """A running command."""

    def __init__(self, command: Command, log: Path) -> None:
        self.command = command
        self.log = log
        self.started = time.monotonic()
        self.process = _spawn(command, log)

    @property
    def pid(self) -> int:
        """The process id, which is the process group's too."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or nothing while it runs."""
        return self.process.poll()

    async def ended(self) -> int:
        """Waits for the end and returns the exit code."""
        while (code := self.exit_code) is None:
            await _announced(self.pid)
        return code

    async def stop(self) -> None:
        """Asks it to end, and after its limit makes it."""
        self._signal(self.command.stop_signal)
        try:
            await asyncio.wait_for(self.ended(), self.command.stop_limit)
        except TimeoutError:
            self.kill()
            await self.ended()
        self._signal_group(signal.SIGKILL)  # what it may have started and left behind

    def kill(self) -> None:
        """Ends the whole process group at once."""
        if self.exit_code is None:
            self._signal_group(signal.SIGKILL)

    def last_line(self) -> str:
        """The last line of the log that is not blank."""
        lines = (
            [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
            if self.log.exists()
            else []
        )
        return lines[-1].strip() if lines else "it wrote nothing"

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            self.process.send_signal(number)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


async def _announced(pid: int) -> None:
    """Returns when the process has ended; after a moment where the kernel does not announce that."""
    try:
        end = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.sleep(POLL)
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(end, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(end)
        os.close(end)


def _spawn(command: Command, log: Path) -> subprocess.Popen[bytes]:
    # The kernel ties the death signal to the thread that forked, so a worker thread's end would take the child with it.
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread")
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = f"{command.user.uid}:{command.user.gid}" if command.user else "-"
    argv = [
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        str(os.getpid()),
        str(int(command.orphan_signal)),
        user,
        *command.argv,
    ]
    options: dict[str, Any] = {
        "env": {**_given(command.inherits), **command.env},
        "stdin": subprocess.DEVNULL,
        "cwd": command.folder,
        "umask": 0o077,  # what it writes is nobody else's affair
        "start_new_session": True,
    }
    if not command.logged:
        return subprocess.Popen(argv, **options)
    with open(log, "ab", opener=_for_us_alone) as output:
        return subprocess.Popen(argv, stdout=output, stderr=output, **options)


def _given(inherits: Sequence[str]) -> dict[str, str]:
    patterns = (*NEEDED, *inherits)
    return {name: value for name, value in os.environ.items() if any(fnmatch(name, each) for each in patterns)}


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
