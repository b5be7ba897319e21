"""Append benchmark: the store against bare INSERTs, and against the library `eventsourcing` doing the same."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from sqlalchemy import make_url

from bench.pgbench import Pgbench
from bench.report import Row
from shared.events.envelope import Write
from shared.eventstore.rows import encode_append
from shared.eventstore.store import PostgresEventStore, no_deadlines, open_store
from tests.support.servers.backing import Databases
from tests.support.toys.counter import Counted, cause, decode, encode

PAYLOAD = 658  # bytes of JSON
GATES = {16: (0.75, 0.95), 64: (1.2, 1.8)}
PEER_WRITERS = 16


def event() -> Counted:
    """An event of the payload's size."""
    empty = Counted(amount=1, total=1)
    return empty.model_copy(update={"note": "x" * (PAYLOAD - len(encode(empty)[1]))})


async def appends(store: PostgresEventStore, writers: int, seconds: float) -> float:
    """Appends of one event to a new stream each, a second."""
    loop = asyncio.get_running_loop()
    done = itertools.count()
    end = loop.time() + seconds

    async def writer() -> None:
        reason, payload = cause(), event()
        while loop.time() < end:
            stream = f"counter-{uuid4()}"
            await store.append([Write(stream, stream, 0, [payload])], reason)
            next(done)

    started = loop.time()
    await asyncio.gather(*(writer() for _ in range(writers)))
    return next(done) / (loop.time() - started)


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """The goals of appending, interleaved with their references."""
    databases = Databases(server)
    [(_, _, _, _, data, metadata)] = encode_append(
        [Write("counter-1", "counter-1", 0, [event()])], cause(), encode, no_deadlines
    ).events
    pgbench = Pgbench(await databases.empty(), data.decode(), metadata.decode())
    await pgbench.prepare()
    ours: dict[int, list[float]] = {writers: [] for writers in GATES}
    cpu: dict[int, list[float]] = {writers: [] for writers in GATES}
    plain: dict[int, list[float]] = {writers: [] for writers in GATES}
    async with open_store(await databases.migrated("dispute"), encode=encode, decode=decode) as store:
        await appends(store, 16, 1)
        for _ in range(rounds):
            for writers in GATES:
                plain[writers].append(await pgbench.inserts(writers, seconds))
                before = time.process_time()
                ours[writers].append(await appends(store, writers, seconds))
                cpu[writers].append((time.process_time() - before) / (ours[writers][-1] * seconds) * 1e6)
    goals = [
        Row(f"append, {writers} writers", "/s", ours[writers], plain[writers], f"pgbench c{writers}", gate, target)
        for writers, (gate, target) in GATES.items()
    ]
    goals += [Row(f"client CPU an append, {writers} writers", "us", cpu[writers], at_most=True) for writers in GATES]
    return [*goals, *await peer_rows(databases, min(seconds, 2), rounds)]


async def peer_rows(databases: Databases, seconds: float, rounds: int) -> Sequence[Row]:
    """The same work done by the library, with its database functions and without."""
    goals = []
    for name, functions, gate, target in (("functions", True, 3, 4), ("default", False, 10, 18)):
        theirs, ours = [], []
        async with (
            peer(await databases.empty(), functions) as recorder,
            open_store(await databases.migrated("dispute"), encode=encode, decode=decode) as store,
        ):
            for _ in range(rounds):
                theirs.append(await asyncio.to_thread(inserted, recorder, seconds))
                ours.append(await appends(store, PEER_WRITERS, seconds))
        goals.append(Row(f"append vs eventsourcing 9.5, {name}", "/s", ours, theirs, "eventsourcing", gate, target))
    return goals


@asynccontextmanager
async def peer(dsn: str, functions: bool) -> AsyncIterator[PostgresApplicationRecorder]:
    """The library's recorder on the database at `dsn`."""
    with opened_peer(dsn, functions) as recorder:
        yield recorder


@contextmanager
def opened_peer(dsn: str, functions: bool) -> Iterator[PostgresApplicationRecorder]:
    """The library's recorder with a pool of a connection for each writer."""
    url = make_url(dsn)
    datastore = PostgresDatastore(
        str(url.database),
        str(url.host),
        url.port or 5432,
        str(url.username),
        url.password or "",
        pool_size=PEER_WRITERS,
        enable_db_functions=functions,
    )
    with datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        recorder.create_table()
        yield recorder


def inserted(recorder: PostgresApplicationRecorder, seconds: float) -> float:
    """Inserts of one event into a new sequence each, a second, from a thread for each writer."""
    state = encode(event())[1]
    counts = [0] * PEER_WRITERS
    end = time.monotonic() + seconds

    def writer(number: int) -> None:
        while time.monotonic() < end:
            originator: UUID = uuid4()
            recorder.insert_events([StoredEvent(originator, 1, "makewhole.Counted.v1", state)])
            counts[number] += 1

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(PEER_WRITERS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - started)
