"""Time moves forwards only, from deadline to deadline, and everybody has done his part before it moves again."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.api import LONG_POLL
from sandbox.clock import Clock, Move, Setting, duration
from sandbox.clock_mover import Mover, NotQuiet, Patience
from sandbox.store import open_store
from sandbox.workers import Report
from shared.events.base import wire_time
from tests.support.servers.sandbox import Served, Worker, sandbox, sandbox_with
from tests.support.servers.stack import eventually

Migrated = Callable[[str], Awaitable[str]]
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SLACK = timedelta(minutes=1)
"""What real time may add between a deadline's instant and its firing, on a busy machine."""


@pytest.fixture
async def database(migrated: Migrated) -> str:
    return await migrated("sandbox")


@pytest.fixture
async def alone(database: str) -> AsyncIterator[Served]:
    """A sandbox that moves nobody's time but its own."""
    async with sandbox(database) as running:
        yield running


def hurried() -> Patience:
    return Patience(stalled=0.3)


def real_now() -> datetime:
    return datetime.now(UTC)


def instant(served: dict[str, str]) -> datetime:
    return datetime.fromisoformat(served["now"])


async def test_the_clock_begins_with_real_time(alone: Served) -> None:
    shown = (await alone.get("/clock")).body
    assert (shown["revision"], shown["offset_us"]) == (0, 0)
    assert abs(instant(shown) - real_now()) < SLACK


async def test_it_is_moved_to_an_instant_and_runs_on_from_there(alone: Served) -> None:
    target = real_now() + 5 * DAY
    moved = await alone.post("/clock", {"now": wire_time(target)})
    assert (moved.status, moved.body["steps"], moved.body["revision"]) == (200, 1, 1)
    assert target <= instant(moved.body) < target + SLACK
    later = (await alone.get("/clock")).body
    assert instant(moved.body) < instant(later) < target + SLACK
    assert abs(timedelta(microseconds=later["offset_us"]) - 5 * DAY) < SLACK


async def test_it_is_moved_by_a_span(alone: Served) -> None:
    before = real_now()
    moved = (await alone.post("/clock", {"advance": "1w2d"})).body
    assert 9 * DAY <= instant(moved) - before < 9 * DAY + SLACK


async def test_it_never_goes_back(alone: Served) -> None:
    await alone.post("/clock", {"advance": "1d"})
    for past in (real_now(), real_now() + 23 * HOUR):
        refused = await alone.post("/clock", {"now": wire_time(past)})
        assert (refused.status, refused.body["code"]) == (409, "clock_goes_forwards_only")
    assert (await alone.get("/clock")).body["revision"] == 1


async def test_it_has_an_end_that_leaves_room_for_deadlines(alone: Served) -> None:
    refused = await alone.post("/clock", {"now": "9999-01-01T00:00:00Z"})
    assert (refused.status, refused.body["code"]) == (409, "clock_goes_forwards_only")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"now": "2026-01-01T00:00:00"},
        {"advance": "5 days"},
        {"advance": ""},
        {"to": "yesterday"},
        {"advance": "1d", "to": "next-deadline"},
    ],
)
async def test_a_move_that_nobody_understands_is_refused(alone: Served, body: dict[str, str]) -> None:
    assert (await alone.post("/clock", body)).status == 422


def test_spans_are_read_as_they_are_written() -> None:
    assert duration("5d") == 5 * DAY
    assert duration("1w2d3h4m5s") == 9 * DAY + timedelta(hours=3, minutes=4, seconds=5)
    for wrong in ("", "d", "5", "3h1d", "-1d", "1.5h", "999999999d"):
        with pytest.raises(ValueError, match="written"):
            duration(wrong)


async def test_a_restart_does_not_turn_time_back(database: str) -> None:
    async with sandbox(database) as first:
        moved = (await first.post("/clock", {"advance": "30d"})).body
    async with sandbox(database) as second:
        shown = (await second.get("/clock")).body
        assert (shown["revision"], shown["offset_us"]) == (moved["revision"], moved["offset_us"])
        assert instant(shown) > instant(moved)


async def test_two_sandboxes_do_not_move_one_clock(database: str) -> None:
    async with open_store(database) as store:
        await store.keep(Setting(DAY, 1))
        with pytest.raises(RuntimeError, match="another sandbox"):
            await store.keep(Setting(2 * DAY, 1))
        assert await store.setting() == Setting(DAY, 1)


async def test_who_waits_for_a_move_is_told_at_once(alone: Served) -> None:
    waiting = asyncio.create_task(alone.get("/clock", after=0))
    await alone.get("/clock")
    assert not waiting.done()
    await alone.post("/clock", {"advance": "1d"})
    assert (await asyncio.wait_for(waiting, LONG_POLL / 2)).body["revision"] == 1


async def test_who_missed_a_move_does_not_wait(alone: Served) -> None:
    await alone.post("/clock", {"advance": "1d"})
    for heard in (0, 7):  # behind, or from an earlier database
        assert (await asyncio.wait_for(alone.get("/clock", after=heard), LONG_POLL / 2)).body["revision"] == 1


async def test_nobody_waits_longer_than_the_process_lives(alone: Served) -> None:
    waiting = asyncio.create_task(alone.get("/clock", after=0))
    await alone.get("/clock")
    alone.app.draining.set()
    assert (await asyncio.wait_for(waiting, LONG_POLL / 2)).body["revision"] == 0


async def test_each_deadline_fires_at_its_own_instant(database: str) -> None:
    now = real_now()
    a = Worker([now + 6 * DAY, now + 2 * DAY])
    b = Worker([now + 4 * DAY, now + 40 * DAY])
    async with sandbox_with(database, a, b) as running:
        moved = (await running.post("/clock", {"advance": "30d"})).body
        assert moved["steps"] == 4
        fired = sorted(a.fired + b.fired)
        assert [due - now for due, _ in fired] == [2 * DAY, 4 * DAY, 6 * DAY]
        assert all(timedelta() <= at - due < SLACK for due, at in fired)
        assert b.deadlines == [now + 40 * DAY]


async def test_what_follows_from_a_deadline_is_not_passed_over(database: str) -> None:
    now = real_now()
    worker = Worker([now + DAY], follow_ups={now + DAY: 3 * DAY, now + 4 * DAY: timedelta(microseconds=1)})
    async with sandbox_with(database, worker) as running:
        await running.post("/clock", {"advance": "10d"})
    assert [due - now for due, _ in worker.fired] == [DAY, 4 * DAY, 4 * DAY + timedelta(microseconds=1)]
    assert worker.fired[1][1] < now + 4 * DAY + SLACK


async def test_deadlines_of_one_instant_fire_in_one_step(database: str) -> None:
    now = real_now()
    a, b = Worker([now + DAY] * 50), Worker([now + DAY + timedelta(microseconds=n) for n in range(50)])
    async with sandbox_with(database, a, b) as running:
        moved = (await running.post("/clock", {"advance": "1d"})).body
        assert moved["steps"] <= 3
    assert (len(a.fired), len(b.fired)) == (50, 50)


async def test_it_answers_when_all_is_quiet_and_not_before(database: str) -> None:
    worker = Worker([real_now() + DAY] * 5, seconds=0.05)
    async with sandbox_with(database, worker) as running:
        await running.post("/clock", {"advance": "2d"})
        assert len(worker.fired) == 5


async def test_a_move_of_nothing_only_waits_for_quiet(database: str) -> None:
    worker = Worker(stuck="handling")
    async with sandbox_with(database, worker) as running:
        move = asyncio.create_task(running.post("/clock", {"advance": "0s"}))
        await eventually(lambda: worker.rounds > 3)
        assert not move.done()
        worker.stuck = ""
        assert (await move).body["steps"] == 0


async def test_it_goes_to_the_next_deadline_whosever_it_is(database: str) -> None:
    now = real_now()
    a, b = Worker([now + 6 * DAY]), Worker([now + 2 * DAY])
    async with sandbox_with(database, a, b) as running:
        first = (await running.post("/clock", {"to": "next-deadline"})).body
        assert now + 2 * DAY <= instant(first) < now + 2 * DAY + SLACK
        await running.post("/clock", {"to": "next-deadline"})
        assert (len(a.fired), len(b.fired)) == (1, 1)
        last = await running.post("/clock", {"to": "next-deadline"})
        assert (last.status, last.body["code"]) == (409, "nothing_is_due")


async def test_who_is_not_quiet_is_named_and_time_stays_where_it_is(database: str) -> None:
    stuck = Worker([real_now() + DAY], stuck="relay 3 behind")
    async with sandbox_with(database, Worker(), stuck, patience=hurried) as running:
        refused = await running.post("/clock", {"advance": "2d"})
        assert refused.status == 503
        assert "b: relay 3 behind" in refused.body["detail"]
        assert "a:" not in refused.body["detail"]
        assert [worker["worker"] for worker in refused.body["workers"]] == ["a", "b"]
        assert (await running.get("/clock")).body["revision"] == 0


class Told:
    """Workers whose words are written down beforehand, one round after the other; the last one stays."""

    def __init__(self, *rounds: Sequence[Report]) -> None:
        self.rounds = list(rounds)
        self.asked = 0

    async def reports(self) -> Sequence[Report]:
        self.asked += 1
        return self.rounds[min(self.asked, len(self.rounds)) - 1]


class Kept:
    """A keeper that forgets."""

    async def keep(self, setting: Setting) -> None:
        """Nothing to do: the clock of these tests lives in memory."""


async def stayed() -> bool:
    return False


async def test_quiet_counts_only_in_two_rounds_in_a_row_without_anything_new() -> None:
    def round_of(quiet_a: bool, head_a: int, head_b: int) -> list[Report]:
        return [Report("a", quiet_a, 0, head_a), Report("b", True, 0, head_b)]

    told = Told(
        round_of(True, 1, 1),
        round_of(True, 1, 2),  # b has given a something to do since
        round_of(False, 1, 2),
        round_of(True, 2, 2),  # done, but only seen once
        round_of(False, 2, 2),
        round_of(True, 3, 2),
        round_of(True, 3, 2),
    )
    await Mover(Clock(), Kept(), told).move(Move(advance="0s"), stayed)
    assert told.asked == len(told.rounds)


async def test_quiet_at_an_earlier_time_is_no_quiet() -> None:
    told = Told(
        [Report("a", True, 0, 1)], [Report("a", True, 0, 1)], [Report("a", True, 0, 1)], [Report("a", True, 1, 1)]
    )
    clock = Clock()
    assert await Mover(clock, Kept(), told).move(Move(advance="1d"), stayed) == 1
    assert (clock.revision, told.asked) == (1, 5)


async def test_a_log_that_never_rests_ends_the_patience_too() -> None:
    heads = (Report("a", True, 0, n) for n in itertools.count())

    class Restless(Told):
        async def reports(self) -> Sequence[Report]:
            return [next(heads)]

    with pytest.raises(NotQuiet, match="never rest"):
        await Mover(Clock(), Kept(), Restless(), lambda: Patience(whole=0.05)).move(Move(advance="1d"), stayed)


async def test_a_worker_that_is_away_holds_time_until_it_is_back(database: str) -> None:
    async with sandbox(database, {"gone": "http://127.0.0.1:9"}, patience=hurried) as running:
        refused = await running.post("/clock", {"advance": "2d"})
        assert (refused.status, "gone: no answer" in refused.body["detail"]) == (503, True)


async def test_one_moves_the_clock_at_a_time(database: str) -> None:
    now = real_now()
    worker = Worker([now + DAY, now + 3 * DAY], seconds=0.1)
    async with sandbox_with(database, worker) as running:
        moves = await asyncio.gather(
            running.post("/clock", {"advance": "2d"}), running.post("/clock", {"advance": "2d"})
        )
        assert [move.status for move in moves] == [200, 200]
        assert max(instant(move.body) for move in moves) >= now + 4 * DAY


async def test_it_stops_between_two_steps_once_the_caller_has_hung_up(database: str) -> None:
    now = real_now()
    worker = Worker([now + n * DAY for n in range(1, 20)], seconds=0.1)
    async with sandbox_with(database, worker) as running:
        move = asyncio.create_task(running.post("/clock", {"advance": "30d"}))
        await eventually(lambda: len(worker.fired) >= 2)
        move.cancel()
        settled = (await running.post("/clock", {"advance": "0s"})).body
        assert instant(settled) < now + 15 * DAY
        assert all(due <= instant(settled) for due, _ in worker.fired)


async def test_a_sandbox_that_is_about_to_stop_says_that_it_has_not_arrived(database: str) -> None:
    worker = Worker([real_now() + n * DAY for n in range(1, 20)], seconds=0.1)
    async with sandbox_with(database, worker) as running:
        move = asyncio.create_task(running.post("/clock", {"advance": "30d"}))
        await eventually(lambda: worker.fired)
        running.app.draining.set()
        assert (await move).status == 503
