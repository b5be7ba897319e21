"""Growth benchmark: appends to and loads from a log of two million events against one of twenty thousand, both warm."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from bench.append import appends
from bench.report import Row
from shared.eventstore.store import PostgresEventStore, open_store
from tests.support.servers.backing import Databases
from tests.support.toys.counter import decode, encode

SMALL, BIG = 20_000, 2_000_000
"""Events at full length, three seconds a round; shorter runs fill less."""
FULL_LENGTH = 3.0
VERSIONS = 5
AT_ONCE = 64
# As the append function would have left them: random streams of a few versions, in the log's order.
FILL = """
with stream as (select md5(s::text || clock_timestamp()::text) as name from generate_series(1, $1::int) s),
first as (select type, data, metadata, recorded_at from events where position = 1)
insert into events (position, stream, version, key, type, data, metadata, recorded_at)
select row_number() over (order by v, name) + (select max(position) from events),
    'counter-' || name, v, name, type, data, metadata, recorded_at
from stream, generate_series(1, $2::int) v, first
"""
WARM = "vacuum (analyze) events", "checkpoint", "select count(data) from events"


@dataclass(slots=True)
class Size:
    """One of the two logs: what it holds, and what was measured on it a second."""

    store: PostgresEventStore
    streams: Sequence[str]
    append_16: list[float] = field(default_factory=list)
    append_64: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)

    async def measure(self, seconds: float) -> None:
        """One round."""
        self.append_16.append(await appends(self.store, 16, seconds))
        self.append_64.append(await appends(self.store, 64, seconds))
        self.load.append(await loads(self.store, self.streams, seconds))


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """What an append and a load cost in the big log, times what they cost in the small one."""
    databases, part = Databases(server), min(1.0, seconds / FULL_LENGTH)
    small_dsn, big_dsn = [await databases.migrated("dispute") for _ in range(2)]
    async with (
        open_store(small_dsn, encode=encode, decode=decode) as small_store,
        open_store(big_dsn, encode=encode, decode=decode) as big_store,
    ):
        small = Size(small_store, await filled(small_dsn, small_store, int(SMALL * part)))
        big = Size(big_store, await filled(big_dsn, big_store, int(BIG * part)))
        for _ in range(rounds + 1):  # the first one warms
            await small.measure(seconds)
            await big.measure(seconds)
    name, note = f"at {int(SMALL * part):,} events", f"{int(BIG * part):,} events"
    return [
        _row("append, 16 writers", small.append_16, big.append_16, name, note),
        _row("append, 64 writers", small.append_64, big.append_64, name, note),
        _row("load, 64 at once", small.load, big.load, name, note),
    ]


def _row(goal: str, small: Sequence[float], big: Sequence[float], name: str, note: str) -> Row:
    """As the cost, so that more is worse: microseconds each."""
    ours, reference = [1e6 / rate for rate in big[1:]], [1e6 / rate for rate in small[1:]]
    return Row(f"growth, {goal}", "us", ours, reference, name, 1.3, 1.1, at_most=True, note=note)


async def filled(dsn: str, store: PostgresEventStore, events: int) -> Sequence[str]:
    """A log of so many events more, as appends would have left it; some of its streams."""
    await appends(store, 1, 0.05)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(FILL, events // VERSIONS, VERSIONS)
        for statement in WARM:
            await connection.execute(statement)
        found = await connection.fetch("select stream from events where version = 2 order by random() limit 20000")
    finally:
        await connection.close()
    return [row["stream"] for row in found]


async def loads(store: PostgresEventStore, streams: Sequence[str], seconds: float) -> float:
    """Loads of one random stream, a second."""
    loop = asyncio.get_running_loop()
    end, done = loop.time() + seconds, 0

    async def reader() -> None:
        nonlocal done
        while loop.time() < end:
            await store.load(random.choice(streams))
            done += 1

    await asyncio.gather(*(reader() for _ in range(AT_ONCE)))
    return done / seconds
