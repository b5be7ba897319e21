"""A service reduced to its flow: a log of marks, its relay, projections that count what they see, policies that
answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg

from shared.decider import Clear, Decider, Start, Stream
from shared.events.base import Command, Event, StreamName
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Cause, Recorded, Write
from shared.events.ids import derived_uuid
from shared.events.logs import PARTITIONS
from shared.events.order import AccountStatusChanged, OrderCarrierLost
from shared.eventstore.connections import open_pool
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.signatures import LogKeys
from shared.kafka.source import KafkaSource
from shared.relay.relay import Publisher, Relay
from shared.subscriptions.handler import Handler
from shared.subscriptions.subscription import Subscription

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

DAY_1 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SOURCE = "/makewhole/test"


def mark(text: str, order: str = "o") -> Event:
    """An event that carries a word."""
    return AccountStatusChanged(order_id=order, status=text, since=DAY_1)


def starts(kind: str, due_at: datetime) -> Event:
    """An event that starts a deadline."""
    return DeadlineMoved(kind=kind, previous_due_at=DAY_1, due_at=due_at, rules=())


def word(recorded: Recorded[Any]) -> str:
    """The word of a mark."""
    return str(recorded.event.status)


class Runs(Protocol):
    """Whatever runs until it is cancelled."""

    async def run(self) -> None: ...


@contextlib.asynccontextmanager
async def running(*components: Runs) -> AsyncIterator[None]:
    """The components run while the block does; one that fails by itself fails the test."""
    tasks = [asyncio.create_task(component.run()) for component in components]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [error for error in ended if isinstance(error, Exception)]
    if failures:
        raise failures[0]


@dataclass
class Flow:
    """One service's log, its topic and its database."""

    dsn: str
    bootstrap: str
    topic: str
    store: PostgresEventStore
    pool: Pool
    partitions: int = PARTITIONS
    keys: LogKeys | None = None
    _versions: dict[str, int] = field(default_factory=dict)
    _commands: itertools.count[int] = field(default_factory=itertools.count)

    async def append(self, stream: str, *words: str, key: str | None = None) -> int:
        """Appends marks to a stream; the position of the last one."""
        return await self.record(stream, *(mark(text) for text in words), key=key)

    async def record(self, stream: str, *events: Event, key: str | None = None) -> int:
        """Appends events to a stream; the position of the last one."""
        expected = self._versions.get(stream, 0)
        self._versions[stream] = expected + len(events)
        cause = Cause(derived_uuid("test", next(self._commands), self.dsn), DAY_1, "system:test", correlation="story")
        return await self.store.append([Write(stream, key or stream, expected, events)], cause)

    async def fill(self, streams: int, versions: int, prefix: str = "order") -> int:
        """Appends `versions` marks to each of `streams` streams, turn by turn."""
        for version in range(1, versions + 1):
            await asyncio.gather(*(self.append(f"{prefix}-{n}", f"v{version}") for n in range(streams)))
        return await self.store.head()

    async def fill_more(self, streams: int, prefix: str = "order") -> int:
        """Appends one mark to each of `streams` streams; the head."""
        return await self.fill(streams, 1, prefix)

    async def new_log_id(self) -> None:
        """Another log in the place of this one, which names no former life."""
        await as_owner(self.dsn, "update log set log_id = gen_random_uuid()")

    async def another_life(self) -> None:
        """What an operator does after a restore from a backup."""
        await as_owner(self.dsn, "select renew_log()")

    def publisher(self) -> AbstractAsyncContextManager[KafkaPublisher]:
        return KafkaPublisher.opened(self.bootstrap, self.topic, self.partitions)

    def relay(self, publisher: Callable[[], AbstractAsyncContextManager[Publisher]] | None = None) -> Relay:
        return Relay(
            self.store, self.pool, Leases(self.dsn), publisher or self.publisher, self.topic, SOURCE, self.keys
        )

    def subscription(self, name: str, handler: Handler, **more: Any) -> Subscription:
        source = partial(KafkaSource.opened, self.bootstrap, self.topic, self.partitions)
        return Subscription(name, self.topic, handler, self.pool, Leases(self.dsn), source, **more)

    async def seen(self) -> Mapping[str, Sequence[int]]:
        """What the projection `count_versions` has written: the versions of each stream in the order of their
        arrival.
        """
        return {row["stream"]: row["versions"] for row in await self.pool.fetch("select stream, versions from seen")}

    async def logged(self) -> Mapping[str, Sequence[int]]:
        """What the log holds, in the same shape."""
        rows = await self.pool.fetch(
            "select stream, array_agg(version order by position) as versions from events group by stream"
        )
        return {row["stream"]: row["versions"] for row in rows}

    async def projected(self) -> bool:
        """Whether the read model is the log."""
        return await self.seen() == await self.logged()

    async def parked(self) -> Sequence[str]:
        return [row["stream"] for row in await self.pool.fetch("select stream from parked order by stream")]


async def count_versions(connection: Connection, recorded: Recorded[Any]) -> None:
    """A projection that no repeat and no omission leaves as it was."""
    await connection.execute(
        "insert into seen as s values ($1, array[$2::int]) on conflict (stream) do update set versions = "
        "s.versions || $2::int",
        recorded.stream,
        recorded.version,
    )


@contextlib.asynccontextmanager
async def flow_on(dsn: str, bootstrap: str, topic: str, **store: Any) -> AsyncIterator[Flow]:
    """The flow on a migrated database and an empty topic."""
    await as_owner(dsn, "create table if not exists seen (stream text primary key, versions int[] not null)")
    async with open_store(dsn, **store) as log, open_pool(dsn, 12) as pool:
        yield Flow(dsn, bootstrap, topic, log, pool)


async def as_owner(dsn: str, statement: str) -> None:
    """Does what the application's role may not."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


class Answer(Command):
    """Records a mark on the stream that answers another one."""

    about: str
    text: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return [StreamName(f"answer-{self.about}", self.about)]


class Expire(Command):
    """A deadline has come."""

    stream: str
    key: str
    kind: str
    due_at: datetime

    @property
    def streams(self) -> Sequence[StreamName]:
        return [StreamName(self.stream)]


def _deadlines(event: Event) -> Sequence[Start | Clear]:
    """A lost parcel clears the only kind there is; a moved deadline starts, as in every stream."""
    return [Clear(event.order_id)] if isinstance(event, OrderCarrierLost) else []


def decide(command: Command, state: tuple[Event, ...]) -> Sequence[Event]:
    match command:
        case Answer():
            return [mark(command.text)]
        case Expire() if due(state) == (command.kind, command.due_at):
            return [OrderCarrierLost(order_id=command.kind, lost_at=command.at)]
    return []


def due(state: tuple[Event, ...]) -> tuple[str, datetime] | None:
    """The deadline that the stream's last event but for other kinds left behind."""
    match state:
        case (*_, DeadlineMoved() as last):
            return last.kind, last.due_at
    return None


def keep(state: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    return (*state, event)


def due_at(state: tuple[Event, ...], kind: str) -> datetime | None:
    """The instant of the deadline that was left behind, where it is of this kind."""
    found = due(state)
    return found[1] if found and found[0] == kind else None


KINDS = ("respond", "now", "broken", "pay")
DECIDER = Decider({name: Stream((), keep, _deadlines, KINDS, due_at) for name in ("order", "answer")}, decide)
deadlines = DECIDER.deadlines


@dataclass
class HandClock:
    """A clock that stands until it is moved."""

    at: datetime = DAY_1
    revision: int = 0

    def __post_init__(self) -> None:
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self.at

    def move(self, to: datetime) -> None:
        self.at, self.revision = to, self.revision + 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def moved(self, revision: int) -> None:
        while self.revision == revision:
            await self._moved.wait()
