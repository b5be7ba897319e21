"""The way in: a command is carried out once, however often it comes and whoever else is quicker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from shared.events.base import Event, StreamName, StreamOfKey
from shared.events.envelope import Cause, Recorded, Write
from shared.eventstore.command_handling import Outcome, StaleVersion, handle
from shared.eventstore.conditions import Conditions
from shared.eventstore.errors import Busy
from shared.eventstore.idempotency import KeyReused
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.store import EventStore, History, open_store
from tests.support.toys.counter import (
    Count,
    Overdrawn,
    cause,
    count,
    counted,
    counters,
    deadlines,
    decode,
    encode,
    write,
)

Migrated = Callable[[str], Awaitable[str]]


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[EventStore]:
    if request.param == "memory":
        yield MemoryEventStore(deadlines, encode)
        return
    async with open_store(await migrated("dispute"), deadlines=deadlines, encode=encode, decode=decode) as opened:
        yield opened


class Meddled:
    """A store in which somebody else is quicker, as often as told, between the load and the append."""

    def __init__(self, store: EventStore, times: int, stream: str = "") -> None:
        self.inner = store
        self.times = times
        self.stream = stream
        self.load = store.load
        self.read_all = store.read_all
        self.head = store.head

    async def append(self, writes: Sequence[Write], cause_: Cause) -> int:
        if self.times:
            self.times -= 1
            moved = writes[0]._replace(events=[counted(100)])
            if self.stream:
                (there,) = await self.load(self.stream)
                moved = Write(self.stream, self.stream, len(there), [counted(100)])
            await self.inner.append([moved], cause(f"meddler {self.times}"))
        return await self.inner.append(writes, cause_)


class ReadableBut:
    """A store that can read every stream but one."""

    def __init__(self, store: EventStore, unread: str) -> None:
        self.inner = store
        self.unread = unread
        self.append = store.append
        self.read_all = store.read_all
        self.head = store.head

    async def load(self, *streams: str | StreamOfKey) -> Sequence[History]:
        if self.unread in streams:
            raise LookupError(self.unread)
        return await self.inner.load(*streams)


async def carried_out(
    store: EventStore, command: Count, expected_version: int | None = None, request: str = "r"
) -> Outcome:
    conditions = Conditions(None if expected_version is None else (expected_version,))
    return await handle(store, counters, command, Cause.of(command, request_hash=request), conditions)


async def test_a_command_moves_its_streams_and_answers_with_their_states(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 10, 1))
    outcome = await carried_out(store, count("counter-a", -4, 2, into="counter-b", guard="counter-g"))
    assert (list(outcome.states), list(outcome.versions), outcome.position, outcome.replayed) == (
        [6, 4, 0],
        [2, 1, 0],
        3,
        False,
    )
    assert [event.model_dump(include={"amount"}) for event in outcome.events] == [{"amount": -4}, {"amount": 4}]


async def test_a_repeat_is_answered_as_of_then_and_records_nothing(store: EventStore) -> None:
    command = count("counter-a", 10, 1, guard="counter-g")
    first = await carried_out(store, command)
    await carried_out(store, count("counter-g", 3, 2))
    await carried_out(store, count("counter-a", 5, 3))
    again = await carried_out(store, command)
    assert again == first._replace(replayed=True, states=list(first.states), versions=list(first.versions))
    assert await store.head() == 3


async def test_what_an_answer_shows_besides_is_decided_on_by_nobody_and_a_repeat_shows_it_as_it_was(
    store: EventStore,
) -> None:
    await carried_out(store, count("counter-b", 3, 1))
    command = count("counter-a", 10, 2)
    cause = Cause.of(command, request_hash="r")
    first = await handle(Meddled(store, 1, "counter-b"), counters, command, cause, shown=["counter-b"])
    await carried_out(store, count("counter-b", 5, 3))
    again = await handle(store, counters, command, cause, shown=["counter-b"])
    assert [[recorded.version for recorded in history] for history in first.shown] == [[1]]
    assert [[recorded.version for recorded in history] for history in again.shown] == [[1, 2]]
    assert (list(first.states), list(again.states), again.replayed) == ([10], [10], True)


@pytest.mark.parametrize("shown", [(), ("counter-unread",)])
async def test_a_stream_that_nobody_can_read_holds_back_only_whose_answer_shows_it(
    store: EventStore, shown: Sequence[str]
) -> None:
    command, readable = count("counter-a", 10, 1, guard="counter-g"), ReadableBut(store, "counter-unread")
    if shown:
        with pytest.raises(LookupError, match="counter-unread"):
            await handle(readable, counters, command, Cause.of(command), shown=shown)
    outcome = await handle(readable, counters, command, Cause.of(command))
    assert (outcome.states, outcome.shown) == ([10, 0], [])


async def test_a_repeat_is_recognised_before_anything_can_refuse_it(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 10, 1))
    spent = count("counter-a", -10, 2)
    await carried_out(store, spent, expected_version=1)
    assert (await carried_out(store, spent, expected_version=1)).replayed
    with pytest.raises(Overdrawn):
        await carried_out(store, count("counter-a", -10, 3))


async def test_a_repeat_of_a_move_is_recognised_whatever_happened_to_either_stream(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 10, 1))
    move = count("counter-a", -4, 2, into="counter-b")
    first = await carried_out(store, move)
    await carried_out(store, count("counter-b", 1, 3))
    again = await carried_out(store, move)
    assert (again.replayed, again.states, again.position) == (True, [6, 4], first.position)


async def test_a_key_used_for_another_request_is_refused(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 10, 1), request="one")
    with pytest.raises(KeyReused) as refused:
        await carried_out(store, count("counter-a", 11, 1), request="other")
    assert refused.value.code == "idempotency_key_reused"


async def test_a_stale_version_names_the_current_one_and_what_lies_between(store: EventStore) -> None:
    for number in (1, 2, 3):
        await carried_out(store, count("counter-a", number, number))
    with pytest.raises(StaleVersion) as refused:
        await carried_out(store, count("counter-a", 1, 4), expected_version=1)
    assert (refused.value.code, refused.value.current_version) == ("version_conflict", 3)
    assert [row.version for row in refused.value.events] == [2, 3]
    assert await store.head() == 3


async def test_the_expected_version_speaks_of_the_first_stream(store: EventStore) -> None:
    await carried_out(store, count("counter-b", 10, 1))
    assert (await carried_out(store, count("counter-a", 1, 2, guard="counter-b"), expected_version=0)).versions == [
        1,
        1,
    ]


async def test_a_refused_command_records_nothing_and_is_decided_again(store: EventStore) -> None:
    command = count("counter-a", -1, 1)
    with pytest.raises(Overdrawn):
        await carried_out(store, command)
    await carried_out(store, count("counter-a", 1, 2))
    assert (await carried_out(store, command)).states == [0]


async def test_a_decision_for_nothing_appends_nothing(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 7, 1))
    outcome = await carried_out(store, count("counter-a", 0, 2, into="counter-b"))
    assert (outcome.states, outcome.versions, outcome.position, outcome.replayed, list(outcome.events)) == (
        [7, 0],
        [1, 0],
        1,
        False,
        [],
    )
    assert await store.head() == 1


async def test_whoever_was_slower_decides_again_on_what_is_there_now(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 1, 1))
    outcome = await carried_out(Meddled(store, 4), count("counter-a", -1, 2))
    assert (outcome.states, outcome.versions) == ([400], [6])


async def test_a_decision_may_differ_the_second_time(store: EventStore) -> None:
    await carried_out(store, count("counter-a", 5, 1))

    class Emptied(Meddled):
        async def append(self, writes: Sequence[Write], cause_: Cause) -> int:
            if self.times:
                self.times -= 1
                await self.inner.append([writes[0]._replace(events=[counted(-5)])], cause("meddler"))
            return await self.inner.append(writes, cause_)

    with pytest.raises(Overdrawn):
        await carried_out(Emptied(store, 1), count("counter-a", -1, 2))


async def test_five_conflicts_are_enough(store: EventStore) -> None:
    with pytest.raises(Busy) as refused:
        await carried_out(Meddled(store, 5), count("counter-a", 1, 1))
    assert refused.value.code == "busy"


async def test_a_conflict_with_a_version_expected_by_the_caller_is_the_callers(store: EventStore) -> None:
    with pytest.raises(StaleVersion):
        await carried_out(Meddled(store, 1), count("counter-a", 1, 1), expected_version=0)


async def test_a_guard_that_moved_is_decided_on_again(store: EventStore) -> None:
    class Guarded(Meddled):
        async def append(self, writes: Sequence[Write], cause_: Cause) -> int:
            if self.times:
                self.times -= 1
                await self.inner.append([writes[-1]._replace(events=[counted(1)])], cause("meddler"))
            return await self.inner.append(writes, cause_)

    outcome = await carried_out(Guarded(store, 1), count("counter-a", 1, 1, guard="counter-g"))
    assert (outcome.states, outcome.versions) == ([1, 1], [1, 1])


async def test_twenty_copies_of_a_command_at_once_are_carried_out_once(store: EventStore) -> None:
    command = count("counter-a", 1, 1)
    outcomes = await asyncio.gather(*(carried_out(store, command) for _ in range(20)))
    assert {tuple(outcome.states) for outcome in outcomes} == {(1,)}
    assert await store.head() == 1


async def test_concurrent_commands_on_one_stream_lose_no_update(store: EventStore) -> None:
    async def insist(number: int) -> None:
        while True:
            try:
                await carried_out(store, count("counter-a", 1, number))
                return
            except Busy:
                continue

    await asyncio.gather(*(insist(number) for number in range(30)))
    [history] = await store.load("counter-a")
    assert sorted(total(row) for row in history) == list(range(1, 31))


def total(row: Recorded[Event]) -> int:
    return int(row.event.total)  # type: ignore[attr-defined]


async def test_the_story_is_that_of_the_first_event_loaded(store: EventStore) -> None:
    await store.append([write("counter-b", 0, counted(1))], cause("begin", correlation="story"))
    await carried_out(store, count("counter-a", 1, 1, guard="counter-b"))
    await carried_out(store, count("counter-c", 1, 2))
    [[told], [fresh]] = await store.load("counter-a", "counter-c")
    assert told.metadata.correlation == "story"
    assert fresh.metadata.correlation == str(fresh.metadata.command_id)


async def test_a_stream_without_a_key_cannot_begin_and_keeps_the_one_it_began_with(store: EventStore) -> None:
    class Later(Count):
        @property
        def streams(self) -> Sequence[StreamName]:
            return [StreamName(self.stream)]

    later = Later(**count("counter-a", 1, 1).model_dump())
    with pytest.raises(ValueError, match="no key"):
        await carried_out(store, later)
    await store.append([Write("counter-a", "key for life", 0, [counted(1)])], cause("begin"))
    await carried_out(store, later)
    [history] = await store.load("counter-a")
    assert [row.metadata.key for row in history] == ["key for life"] * 2
