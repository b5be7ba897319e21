"""Long streams: others have their turn while one is decoded or folded, and nobody can make one without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from shared.events.envelope import Metadata
from shared.eventstore import folding, reader
from shared.eventstore.errors import Busy, StreamFull
from shared.eventstore.folding import folded
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.reader import BatchedLoader
from shared.eventstore.rows import CEILING, encode_append
from shared.eventstore.store import no_deadlines
from shared.http.problems import problem_of
from tests.cases.plugin import Came
from tests.support.toys.counter import cause, counted, counters, decode, encode, write

EVENTS = 1000
BUYERS = cause()._replace(actor="buyer:b")
NAME, DATA = encode(counted(1))
METADATA = Metadata.of(BUYERS, "k").to_json()


class Rows:
    """A connection that answers for each stream as many rows as its name says."""

    async def fetch(self, _: str, streams: Sequence[str], *_beside: Sequence[str]) -> list[Any]:
        return [
            (stream, version, version, "k", NAME, DATA, METADATA)
            for stream in sorted(streams)
            for version in range(1, int(stream.partition("-")[2]) + 1)
        ]


def loader() -> BatchedLoader:
    return BatchedLoader(Rows(), decode)  # type: ignore[arg-type]


async def turns(of: Awaitable[object]) -> int:
    """How often others have their turn until it is done."""
    done, count = asyncio.ensure_future(of), 0
    while not done.done():
        await asyncio.sleep(0)
        count += 1
    await done
    return count


@pytest.mark.case("EM9+1", given="a stream of 1,000 events is decoded", right="others have their turn 5 times more")
async def test_others_have_their_turn_while_a_long_stream_is_decoded(came: Came) -> None:
    short, long = await turns(loader().load(["counter-1"])), await turns(loader().load([f"counter-{EVENTS}"]))
    came(f"others have their turn {long - short} times more")
    assert EVENTS // reader.EVENTS_AT_ONCE == 5


async def test_many_short_streams_of_one_batch_are_no_longer_pause_than_a_long_one() -> None:
    loading = loader()
    several = [loading.load([f"counter-{length}"]) for length in range(95, 105)]
    assert await turns(asyncio.gather(*several)) > EVENTS // reader.EVENTS_AT_ONCE


@pytest.mark.case("EM9+2", given="a stream of 1,000 events is folded", right="others have their turn once")
async def test_others_have_their_turn_while_a_long_stream_is_folded(came: Came) -> None:
    (history,) = await loader().load([f"counter-{EVENTS}"])
    assert await folded(counters, "counter-1", history) == EVENTS
    assert await folded(counters, "counter-1", ()) == 0
    short, long = [await turns(folded(counters, "counter-1", history[:upto])) for upto in (1, EVENTS)]
    assert EVENTS // folding.EVENTS_AT_ONCE == 2
    came("others have their turn once" if long - short == 1 else long - short)


async def test_who_waits_while_the_store_closes_is_told() -> None:
    loading = loader()
    waiting = asyncio.ensure_future(loading.load([f"counter-{50 * EVENTS}"]))
    for _ in range(5):
        await asyncio.sleep(0)
    await loading.close()
    with pytest.raises(Busy):
        await waiting


@pytest.mark.case("EM9+3", given="one event more than a stream may have, by a person", right="409 stream_full")
async def test_a_stream_has_a_ceiling_for_people_that_names_itself(came: Came) -> None:
    store = MemoryEventStore(encode=encode)
    with pytest.raises(StreamFull, match=f"counter-1 would have more than {CEILING} events") as refused:
        await store.append([write("counter-1", CEILING, counted(1))], BUYERS)
    problem = problem_of(refused.value)
    came(f"{problem.status} {problem.code}")


@pytest.mark.parametrize(
    ("actor", "version", "ceiling"), [("buyer:b", 9, 10), ("system:makewhole", 10, 10), ("system:makewhole", 10**6, 10)]
)
async def test_below_the_ceiling_everybody_appends_and_above_it_the_system_alone(
    actor: str, version: int, ceiling: int
) -> None:
    appended = encode_append(
        [write("counter-1", version, counted(1))], BUYERS._replace(actor=actor), encode, no_deadlines, ceiling
    )
    assert appended.events


async def test_a_stream_that_is_only_read_by_a_command_may_be_as_long_as_it_is() -> None:
    writes = [write("counter-1", CEILING + 5), write("counter-2", 0, counted(1))]
    assert encode_append(writes, BUYERS, encode, no_deadlines).events
