"""Appends under torture: several processes, conflicts, cut sockets, ended sessions and SIGKILL; then the log is
audited.

`python -m tests.torture --appends 10000` on a server of its own; exit status 1 and the faults where the log is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import orjson

from shared.process.addresses import PROJECT
from tests.support.proxy import Proxy, now_and_then, proxied
from tests.support.servers.backing import Databases, running_postgres
from tests.torture.audit import command_faults, content_faults, order_faults, side_faults
from tests.torture.client import Journal, command, numbers

# Faults are counted in progress made, never in time, so that a quick machine and a busy one meet the same number of
# them.
PIECES = 200  # of data that pass the proxy between two losses of one kind, at most
COMMANDS = 130  # of a client for each time that it is killed, and it is killed twice at least


@dataclass
class Torture:
    """One run: `appends` commands in all, and those of the rivals, shared by `processes` clients."""

    dsn: str
    folder: Path
    appends: int
    processes: int = 4
    streams: int = 110
    seed: int = 1
    kills: int = 0
    ended_sessions: int = 0
    _clients: set[asyncio.subprocess.Process] = field(default_factory=set)

    async def run(self) -> Report:
        """Clients, faults and a follower of the log side by side; the audit when all clients are done."""
        began = time.monotonic()
        async with proxied(self.dsn) as proxy:
            dice = random.Random(self.seed)
            faults = proxy.faults
            faults.lose_request, faults.lose_answer, faults.hang_up = (now_and_then(dice, PIECES) for _ in range(3))
            try:
                async with following(self.dsn) as seen, asyncio.TaskGroup() as clients:
                    for number in range(self.processes):
                        clients.create_task(self._client(number, proxy))
            finally:
                for process in self._clients:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
            cuts = proxy.cuts
        seconds = time.monotonic() - began
        return await self._audit(seen, cuts, seconds)

    async def _client(self, number: int, proxy: Proxy) -> None:
        """One client, killed in the middle of the planned commands and started again, until its last life ends by
        itself.
        """
        dice = random.Random(f"{self.seed}/{number}")
        for last in self._planned(dice):
            process = await self._started(number, proxy, last)
            await self._strike(process, dice)
            if process.returncode != (-signal.SIGKILL if last else 0):
                raise RuntimeError(f"client {number} ended with {process.returncode}")

    def _planned(self, dice: random.Random) -> Sequence[int]:
        """The last command of each life, 0 for the life that goes on to the end."""
        total = self.appends // self.processes
        return [*sorted(dice.sample(range(1, total), max(2, total // COMMANDS))), 0]

    async def _started(self, number: int, proxy: Proxy, last: int) -> asyncio.subprocess.Process:
        arguments = map(str, (self.seed, number, self.appends // self.processes, self.streams, last))
        command_line = ["-m", "tests.torture.client", proxy.url, str(self._journal(number)), *arguments]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command_line, cwd=PROJECT, stdout=asyncio.subprocess.PIPE
        )
        self._clients.add(process)
        return process

    async def _strike(self, process: asyncio.subprocess.Process, dice: random.Random) -> None:
        """Kills the client moments after it says that it has begun the last command of its life, or sees it end."""
        assert process.stdout
        if await process.stdout.readline():
            await asyncio.sleep(dice.uniform(0, 0.02))
            self.kills += 1
            if self.kills % 3 == 0:
                self.ended_sessions += await ended_sessions(self.dsn)
            process.kill()
        await process.wait()
        self._clients.discard(process)

    def _journal(self, number: int) -> Path:
        return self.folder / f"journal-{number}"

    async def _audit(self, seen: list[int], cuts: int, seconds: float) -> Report:
        connection = await asyncpg.connect(self.dsn)
        rows = await connection.fetch("select * from events order by position")
        due = {row["stream"]: row["due_at"] for row in await connection.fetch("select * from deadlines")}
        texts = Counter(row["ref"] for row in await connection.fetch("select ref from personal"))
        await connection.close()
        log = [
            dict(row) | {"data": orjson.loads(row["data"]), "metadata": orjson.loads(row["metadata"])} for row in rows
        ]
        journals = [Journal(self._journal(number)).read() for number in range(self.processes)]
        wanted = [
            (command(self.seed, client, number, self.streams), journal.told.get(number))
            for client, journal in enumerate(journals)
            for number in numbers(self.appends // self.processes)
        ]
        faults = [*order_faults(log), *content_faults(log), *command_faults(log, wanted), *side_faults(log, due, texts)]
        if seen != [row["position"] for row in log]:
            faults.append(f"a follower of the log saw {len(seen)} events, of {len(log)}")
        unanswered = len(wanted) - sum(len(journal.told) + len(journal.refused) for journal in journals)
        if unanswered:
            faults.append(f"{unanswered} commands without an answer")
        return Report(
            events=len(log),
            told=sum(len(journal.told) for journal in journals),
            refused=sum(len(journal.refused) for journal in journals),
            sent=sum(journal.sent for journal in journals),
            conflicts=sum(journal.conflicts for journal in journals),
            resent=sum(journal.resent for journal in journals),
            kills=self.kills,
            ended_sessions=self.ended_sessions,
            cuts=cuts,
            seconds=seconds,
            faults=faults,
        )


@dataclass(frozen=True)
class Report:
    """What happened, and what is wrong: `faults` must be empty."""

    events: int
    told: int
    refused: int
    sent: int
    conflicts: int
    resent: int
    kills: int
    ended_sessions: int
    cuts: int
    seconds: float
    faults: Sequence[str]

    def __str__(self) -> str:
        return (
            f"{self.told} commands told ({self.refused} refused by the domain), {self.events} events, "
            f"{self.seconds:.1f} s\n"
            f"{self.sent} appends sent, {self.conflicts / max(1, self.sent):.0%} conflicts, {self.resent} sent again\n"
            f"{self.kills} processes killed, {self.cuts} sockets cut, {self.ended_sessions} sessions ended\n"
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:20])
        )


async def ended_sessions(dsn: str) -> int:
    """Ends every session of a store, as an administrator would; returns how many."""
    connection = await asyncpg.connect(dsn)
    query = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'makewhole "
        "store' and datname = current_database()"
    )
    ended: int = await connection.fetchval(query)
    await connection.close()
    return ended


@contextlib.asynccontextmanager
async def following(dsn: str) -> AsyncIterator[list[int]]:
    """Reads the log while it grows, as the relay does; yields the positions seen, complete when the block ends."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        connection = await asyncpg.connect(dsn)
        while True:
            last = done.is_set()
            rows = await connection.fetch(
                "select position from events where position > $1 order by position limit 500", seen[-1] if seen else 0
            )
            seen.extend(row["position"] for row in rows)
            if last and not rows:
                break
            await asyncio.sleep(0.005)
        await connection.close()

    follower = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        done.set()
        await follower


async def main(appends: int, processes: int, streams: int, seed: int) -> int:
    """Tortures a server of its own and prints the report."""
    async with running_postgres() as server:
        with tempfile.TemporaryDirectory() as folder:
            dsn = await Databases(server).migrated("dispute")
            report = await Torture(dsn, Path(folder), appends, processes, streams, seed).run()
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--appends", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--streams", type=int, default=110)
    parser.add_argument("--seed", type=int, default=1)
    sys.exit(asyncio.run(main(**vars(parser.parse_args()))))
