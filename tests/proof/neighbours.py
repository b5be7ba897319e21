"""A flood beside a neighbour: `python -m tests.proof.neighbours` prints what one client's 2,010 idle sockets and 600
reads a second do to the answers of another client.

The app and PostgreSQL are processes, and so is the flood: what is measured is the app, not the one who measures.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.http import serving
from migrations.migrator import migrate_all
from shared.events.logs import PARTITIONS
from shared.process.addresses import Ports
from tests.support.servers.backing import running_postgres

MODULE = "tests.proof.neighbours"
IDLE_SOCKETS = 2010
READS_A_SECOND = 600
WINDOWS = 5
WINDOW = 3.0  # seconds
BETWEEN = 0.01  # seconds between two reads of the neighbour
LIMIT_MS = 10.0
PATH = "/v1/disputes"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Figures:
    """The neighbour's 99th percentile in milliseconds, window by window, and what the flood was answered."""

    calm: Sequence[float]
    flooded: Sequence[float]
    flood: Counter[str]

    @property
    def limit(self) -> float:
        """Twice the calm value or ten milliseconds, the larger."""
        return max(2 * statistics.median(self.calm), LIMIT_MS)

    @property
    def kept(self) -> bool:
        """Whether the neighbour was left alone, and the flood was refused politely."""
        polite = set(self.flood) <= {"200", f"429 {PROBLEM} Retry-After", f"503 {PROBLEM} Retry-After"}
        return (
            polite and statistics.median(self.flooded) <= self.limit and any("429" in answer for answer in self.flood)
        )

    @property
    def lines(self) -> Sequence[str]:
        """For people."""
        return [
            f"calm:    p99 of five windows {_shown(self.calm)}",
            f"flooded: p99 of five windows {_shown(self.flooded)}, at most {self.limit:.1f} ms",
            f"the flood was answered: {dict(self.flood)}",
        ]


def _shown(windows: Sequence[float]) -> str:
    return f"{', '.join(f'{each:.1f}' for each in windows)}; median {statistics.median(windows):.1f} ms"


async def measured(server: str) -> Figures:
    """The figures of an app over this PostgreSQL server, with the quotas that everybody has."""
    await migrate_all(server, PARTITIONS, ["dispute", "sandbox"])
    async with serving(server, quotas="") as (base, _), client(base, "neighbour") as neighbour:
        calm = await windows(neighbour)
        async with flooding(base) as flood:
            flooded = await windows(neighbour)
            said, _ = await flood.communicate(b"")
    return Figures(calm, flooded, Counter(json.loads(said)))


@asynccontextmanager
async def client(base: int, sub: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A buyer's session with the dispute app."""
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(aiohttp.ClientSession())
        asked = {"sub": sub, "roles": ["buyer"], "expires_in": 3600}
        async with plain.post(f"http://127.0.0.1:{Ports(base).app('sandbox')}/token", json=asked) as answer:
            token = (await answer.json())["access_token"]
        yield await stack.enter_async_context(
            aiohttp.ClientSession(
                f"http://127.0.0.1:{Ports(base).app('dispute')}", headers={"Authorization": f"Bearer {token}"}
            )
        )


async def windows(neighbour: aiohttp.ClientSession) -> list[float]:
    """The neighbour's p99 in each window; every one of its reads is answered 200."""
    await _window(neighbour)  # plans and caches
    return [await _window(neighbour) for _ in range(WINDOWS)]


async def _window(neighbour: aiohttp.ClientSession) -> float:
    took, end = [], time.perf_counter() + WINDOW
    while (began := time.perf_counter()) < end:
        async with neighbour.get(PATH) as answer:
            await answer.read()
            assert answer.status == 200, answer.status
        took.append(time.perf_counter() - began)
        await asyncio.sleep(BETWEEN)
    return sorted(took)[int(0.99 * len(took))] * 1000


@asynccontextmanager
async def flooding(base: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The flood as a process that begins to send before this yields; it ends when its input does, and says what it was
    answered.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", MODULE, str(base), stdin=pipe, stdout=pipe)
    try:
        assert process.stdout and await process.stdout.readline() == b"flooding\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def flood(base: int) -> None:
    """One client: idle sockets, and reads at a steady rate whatever is answered."""
    answers: Counter[str] = Counter()
    port = Ports(base).app("dispute")
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(IDLE_SOCKETS)]
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("flooding", flush=True)
    async with client(base, "flood") as session:
        reads: set[asyncio.Task[None]] = set()
        due = time.perf_counter()
        while not reader.at_eof():
            reads.add(read := asyncio.create_task(_read(session, answers)))
            read.add_done_callback(reads.discard)
            due += 1 / READS_A_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        for read in reads:  # what waits for its answer is of no interest any more
            read.cancel()
    print(json.dumps(answers))
    for _, writer in idle:
        writer.transport.abort()


async def _read(session: aiohttp.ClientSession, answers: Counter[str]) -> None:
    async with session.get(PATH) as answer:
        await answer.read()
    more = f" {answer.content_type}{' Retry-After' * ('Retry-After' in answer.headers)}"
    answers[f"{answer.status}{more * (answer.status != 200)}"] += 1


async def main() -> int:
    """Starts a PostgreSQL, measures, prints."""
    async with running_postgres() as server:
        figures = await measured(server)
    print("\n".join(figures.lines))
    return not figures.kept


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(flood(int(sys.argv[1])))
    else:
        sys.exit(asyncio.run(main()))
