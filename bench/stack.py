"""A whole stack as `make run` starts it, its data on the disk, and what its processes use."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.process.addresses import Ports
from tests.support.servers.stack import descendants, line_of, owner_url, running, stack_environment

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: the first of its ports, the folder of its state, the process that started all the others."""

    base: int
    state: Path
    pid: int

    @property
    def server(self) -> str:
        """The address of its PostgreSQL, with the owner's login."""
        return owner_url(self.base, self.state)

    def url(self, service: str) -> str:
        """The address of an app."""
        return f"http://127.0.0.1:{Ports(self.base).app(service)}"

    def cpu(self) -> Mapping[str, float]:
        """By program: the seconds of processor time that its living processes have used, user and system."""
        return self._sums(cpu_seconds)

    def memory(self) -> Mapping[str, float]:
        """By program: MiB, what several share counted once."""
        return self._sums(proportional_mib)

    def _sums(self, figure: Callable[[int], float]) -> Mapping[str, float]:
        sums: defaultdict[str, float] = defaultdict(float)
        for pid in descendants(self.pid):
            with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
                sums[program(pid)] += figure(pid)
        return sums


@asynccontextmanager
async def running_stack() -> AsyncIterator[Stack]:
    """PostgreSQL, Kafka, the sandbox, the apps, the workers and the console; no story is played."""
    with stack_environment(in_memory=False) as environment:
        environment["DEMO"] = "0"
        async with running(environment, "run") as process:
            await line_of(process)
            yield Stack(int(environment["PORT_BASE"]), Path(environment["MAKEWHOLE_STATE"]), process.pid)


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that the process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def proportional_mib(pid: int) -> float:
    """The process's memory, its part of what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def program(pid: int) -> str:
    """What runs in the process: the module of a Python, else the program."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if "-m" in words and not words[0].endswith("java"):
        return words[words.index("-m") + 1]
    return "postgres" if words[0].startswith("postgres") else Path(words[0]).name
