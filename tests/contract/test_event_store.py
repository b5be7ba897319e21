"""What every event store does: one suite for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import asyncpg
import pytest

from shared.events.base import Personal, StreamOfKey
from shared.events.envelope import Write
from shared.eventstore.errors import EventTooLarge, Unstorable, WrongExpectedVersion
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.store import EventStore, ForetellingStore, open_store
from tests.support.toys.counter import NOON, cause, counted, deadlines, decode, encode, write

Migrated = Callable[[str], Awaitable[str]]


class Subject(Protocol):
    """A store, and a look at what it keeps beside the log."""

    store: ForetellingStore

    async def due(self) -> dict[str, datetime]:
        """By stream: when its reminder is due."""

    async def texts(self) -> dict[str, str]:
        """By ref: the personal text."""


class InMemory:
    def __init__(self) -> None:
        self.memory = MemoryEventStore(deadlines, encode)
        self.store: ForetellingStore = self.memory

    async def due(self) -> dict[str, datetime]:
        return {stream: due_at for (stream, _), due_at in self.memory.deadlines.items()}

    async def texts(self) -> dict[str, str]:
        return {ref: text.body for ref, text in self.memory.personal.items()}


@dataclass
class OnPostgres:
    store: ForetellingStore
    dsn: str

    async def due(self) -> dict[str, datetime]:
        return {row["stream"]: row["due_at"] for row in await self._fetch("select stream, due_at from deadlines")}

    async def texts(self) -> dict[str, str]:
        return {row["ref"]: row["body"] for row in await self._fetch("select ref, body from personal")}

    async def _fetch(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


@pytest.fixture(params=["memory", "postgres"])
async def subject(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Subject]:
    if request.param == "memory":
        yield InMemory()
        return
    dsn = await migrated("dispute")
    async with open_store(dsn, deadlines=deadlines, encode=encode, decode=decode) as store:
        yield OnPostgres(store, dsn)


@pytest.fixture
def store(subject: Subject) -> ForetellingStore:
    return subject.store


async def log_of(store: EventStore) -> list[tuple[int, str, int]]:
    return [(row.position, row.stream, row.version) for row in await store.read_all(0, 1000)]


async def test_an_unknown_stream_has_no_events(store: EventStore) -> None:
    assert [list(history) for history in await store.load("counter-a", "counter-b")] == [[], []]
    assert await store.head() == 0


async def test_an_append_answers_with_the_position_of_its_last_event(store: EventStore) -> None:
    assert await store.append([write("counter-a", 0, counted(1), counted(2))], cause(1)) == 2
    assert await store.append([write("counter-b", 0, counted(3)), write("counter-a", 2, counted(4))], cause(2)) == 4
    assert await store.head() == 4


async def test_positions_and_versions_count_from_one_without_a_hole(store: EventStore) -> None:
    await store.append([write("counter-a", 0, counted(1), counted(2)), write("counter-b", 0, counted(3))], cause(1))
    await store.append([write("counter-b", 1, counted(4))], cause(2))
    assert await log_of(store) == [(1, "counter-a", 1), (2, "counter-a", 2), (3, "counter-b", 1), (4, "counter-b", 2)]


async def test_streams_are_loaded_in_the_order_asked_for(store: EventStore) -> None:
    await store.append([write("counter-a", 0, counted(1)), write("counter-b", 0, counted(2), counted(3))], cause(1))
    b, nothing, a, again = await store.load("counter-b", "counter-c", "counter-a", "counter-b")
    assert [row.event for row in b] == [counted(2), counted(3)]
    assert [row.event for row in a] == [counted(1)]
    assert (list(nothing), list(again)) == ([], list(b))


async def test_a_stream_that_follows_from_the_first_ones_key_is_loaded_with_it(store: EventStore) -> None:
    await store.append([Write("counter-a", "b", 0, [counted(1)]), Write("counter-b", "b", 0, [counted(2)])], cause(1))
    loaded = await store.load("counter-a", StreamOfKey("counter"), "counter-a", StreamOfKey("nothing"))
    assert [[row.event for row in history] for history in loaded] == [[counted(1)], [counted(2)], [counted(1)], []]
    assert [[*history] for history in await store.load("counter-unknown", StreamOfKey("counter"))] == [[], []]


async def test_an_event_comes_back_with_its_whole_envelope(store: EventStore) -> None:
    told = cause(7, request_hash="h" * 64, correlation="story", causation="dispute-1/4", traceparent="00-1-2-01")
    await store.append([write("counter-a", 0, counted(1, note="é \U0001f4e6"))], told)
    [[row]] = await store.load("counter-a")
    metadata = row.metadata
    assert (row.id, row.position, row.event) == ("counter-a/1", 1, counted(1, note="é \U0001f4e6"))
    assert (metadata.at, metadata.command_id, metadata.request_hash, metadata.actor) == (
        told.at,
        told.command_id,
        "h" * 64,
        told.actor,
    )
    assert (metadata.correlation, metadata.causation, metadata.traceparent) == ("story", "dispute-1/4", "00-1-2-01")
    assert metadata.key == "counter-a"


async def test_a_story_without_a_name_is_named_after_its_command(store: EventStore) -> None:
    await store.append([write("counter-a", 0, counted(1))], cause(1))
    [[row]] = await store.load("counter-a")
    assert row.metadata.correlation == str(cause(1).command_id)


@pytest.mark.parametrize("expected", [0, 2])
async def test_another_version_than_the_expected_one_is_a_conflict(store: EventStore, expected: int) -> None:
    await store.append([write("counter-a", 0, counted(1))], cause(1))
    with pytest.raises(WrongExpectedVersion):
        await store.append([write("counter-a", expected, counted(2))], cause(2))
    assert await log_of(store) == [(1, "counter-a", 1)]


async def test_a_conflict_on_one_stream_leaves_nothing_on_the_others(store: EventStore) -> None:
    await store.append([write("counter-b", 0, counted(1))], cause(1))
    with pytest.raises(WrongExpectedVersion):
        await store.append([write("counter-a", 0, counted(2)), write("counter-b", 0, counted(3))], cause(2))
    assert await log_of(store) == [(1, "counter-b", 1)]


async def test_a_guard_is_checked_and_not_written(store: EventStore) -> None:
    await store.append([write("counter-g", 0, counted(1))], cause(1))
    assert await store.append([write("counter-a", 0, counted(2)), write("counter-g", 1)], cause(2)) == 2
    with pytest.raises(WrongExpectedVersion):
        await store.append([write("counter-a", 1, counted(3)), write("counter-g", 0)], cause(3))
    assert [len(history) for history in await store.load("counter-a", "counter-g")] == [1, 1]


async def test_the_same_append_sent_again_answers_as_the_first_did(store: EventStore) -> None:
    writes = [write("counter-a", 0, counted(1), counted(2)), write("counter-g", 0)]
    first = await store.append(writes, cause(1))
    await store.append([write("counter-a", 2, counted(3)), write("counter-g", 0, counted(4))], cause(2))
    assert await store.append(writes, cause(1)) == first == 2
    assert await store.head() == 4


@pytest.mark.parametrize(
    "other",
    [write("counter-a", 0, counted(9)), write("counter-a", 0, counted(1), counted(2))],
    ids=["other data", "more events"],
)
async def test_the_same_command_with_other_events_is_a_conflict(store: EventStore, other: Any) -> None:
    await store.append([write("counter-a", 0, counted(1))], cause(1))
    with pytest.raises(WrongExpectedVersion):
        await store.append([other], cause(1))


async def test_the_same_events_for_another_request_are_a_conflict(store: EventStore) -> None:
    await store.append([write("counter-a", 0, counted(1))], cause(1, request_hash="one"))
    with pytest.raises(WrongExpectedVersion):
        await store.append([write("counter-a", 0, counted(1))], cause(1, request_hash="other"))


async def test_the_log_is_read_in_pages(store: EventStore) -> None:
    await store.append([write("counter-a", 0, *(counted(n) for n in range(1, 8)))], cause(1))
    assert [row.position for row in await store.read_all(0, 3)] == [1, 2, 3]
    assert [row.position for row in await store.read_all(3, 3)] == [4, 5, 6]
    assert [row.position for row in await store.read_all(6, 3)] == [7]
    assert list(await store.read_all(7, 3)) == []


async def test_an_event_starts_moves_and_clears_a_deadline(subject: Subject) -> None:
    later = NOON + timedelta(days=1)
    await subject.store.append(
        [write("counter-a", 0, counted(1, remind_at=NOON)), write("counter-b", 0, counted(1, remind_at=NOON))], cause(1)
    )
    assert await subject.due() == {"counter-a": NOON, "counter-b": NOON}
    await subject.store.append([write("counter-a", 1, counted(1, remind_at=later))], cause(2))
    await subject.store.append([write("counter-b", 1, counted(1, reminded=True))], cause(3))
    assert await subject.due() == {"counter-a": later}


async def test_deadlines_follow_the_order_of_the_events_of_one_append(subject: Subject) -> None:
    await subject.store.append([write("counter-a", 0, counted(1, remind_at=NOON), counted(1, reminded=True))], cause(1))
    assert await subject.due() == {}
    await subject.store.append([write("counter-a", 2, counted(1, reminded=True), counted(1, remind_at=NOON))], cause(2))
    assert await subject.due() == {"counter-a": NOON}


async def test_a_refused_append_starts_no_deadline_and_keeps_no_text(subject: Subject) -> None:
    await subject.store.append([write("counter-a", 0, counted(1))], cause(1))
    with pytest.raises(WrongExpectedVersion):
        text = Personal("txt_1", "usr_1", "statement", "late")
        await subject.store.append([write("counter-a", 0, counted(1, remind_at=NOON))], cause(2, personal=[text]))
    assert (await subject.due(), await subject.texts()) == ({}, {})


async def test_a_repeated_append_does_not_start_a_deadline_again(subject: Subject) -> None:
    writes = [write("counter-a", 0, counted(1, remind_at=NOON))]
    await subject.store.append(writes, cause(1))
    await subject.store.append([write("counter-a", 1, counted(1, reminded=True))], cause(2))
    await subject.store.append(writes, cause(1))
    assert await subject.due() == {}


async def test_personal_text_stands_beside_the_log_and_its_first_wording_stays(subject: Subject) -> None:
    await subject.store.append(
        [write("counter-a", 0, counted(1))], cause(1, personal=[Personal("txt_1", "usr_1", "statement", "It broke.")])
    )
    await subject.store.append(
        [write("counter-b", 0, counted(1))], cause(2, personal=[Personal("txt_1", "usr_1", "statement", "Else.")])
    )
    assert await subject.texts() == {"txt_1": "It broke."}


async def test_an_instant_keeps_its_microseconds(subject: Subject) -> None:
    fine = datetime(2026, 3, 2, 12, 0, 0, 123457, tzinfo=UTC)
    await subject.store.append([write("counter-a", 0, counted(1, remind_at=fine))], cause(1))
    [[row]] = await subject.store.load("counter-a")
    assert row.event == counted(1, remind_at=fine)
    assert await subject.due() == {"counter-a": fine}


@pytest.mark.parametrize("note", ["a\0b", "\ud83d", "\udce6x"], ids=["NUL", "half a pair", "the other half"])
async def test_what_the_log_cannot_hold_is_refused_before_it_waits(store: EventStore, note: str) -> None:
    with pytest.raises(Unstorable):
        await store.append([write("counter-a", 0, counted(1, note=note))], cause(1))
    with pytest.raises(Unstorable):
        await store.append(
            [write("counter-a", 0, counted(1))], cause(1, personal=[Personal("txt_1", "usr_1", "statement", note)])
        )
    assert await store.head() == 0


async def test_a_backslash_is_not_an_escape(store: EventStore) -> None:
    await store.append([write("counter-a", 0, counted(1, note="C:\\u0000 \\\\u0000 \\ud83d"))], cause(1))
    [[row]] = await store.load("counter-a")
    assert row.event == counted(1, note="C:\\u0000 \\\\u0000 \\ud83d")


async def test_an_event_above_256_kib_is_refused(store: EventStore) -> None:
    with pytest.raises(EventTooLarge):
        await store.append([write("counter-a", 0, counted(1, note="x" * 256 * 1024))], cause(1))
    await store.append([write("counter-a", 0, counted(1, note="x" * 255 * 1024))], cause(1))


@pytest.mark.parametrize(("note", "refusal"), [("a\0b", Unstorable), ("x" * 256 * 1024, EventTooLarge)])
async def test_an_append_that_is_only_encoded_is_refused_like_one_that_is_sent_and_records_nothing(
    store: ForetellingStore, note: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        store.encoded([write("counter-a", 0, counted(1, note=note))], cause(1))
    assert store.encoded([write("counter-a", 0, counted(1))], cause(1)).events
    assert await store.head() == 0


async def test_an_append_without_events_or_with_a_stream_twice_is_a_mistake(store: EventStore) -> None:
    with pytest.raises(ValueError, match="without events"):
        await store.append([write("counter-a", 0)], cause(1))
    with pytest.raises(ValueError, match="two writes"):
        await store.append([write("counter-a", 0, counted(1)), write("counter-a", 1, counted(1))], cause(1))


async def test_of_concurrent_appends_at_one_version_exactly_one_is_recorded(store: EventStore) -> None:
    appends = (store.append([write("counter-a", 0, counted(n))], cause(n)) for n in range(20))
    answers = await asyncio.gather(*appends, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["WrongExpectedVersion"] * 19 + ["int"]


async def test_concurrent_appends_leave_no_hole(store: EventStore) -> None:
    answers = await asyncio.gather(
        *(store.append([write(f"counter-{n}", 0, counted(1), counted(2))], cause(n)) for n in range(300))
    )
    assert sorted(answers) == list(range(2, 602, 2))
    assert [row.position for row in await store.read_all(0, 1000)] == list(range(1, 601))
