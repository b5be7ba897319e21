"""Clock mover: time goes from deadline to deadline, and everybody has done his part before it moves again."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock.clock import Clock, ClockPosition
from sandbox.clock.move_request import Move
from sandbox.clock.mover import ClockMover, NotQuiet, StepTimeout
from sandbox.clock.workers import Report
from tests.support.servers.sandbox import Worker, sandbox, sandbox_with
from tests.support.servers.stack import eventually

Migrated = Callable[[str], Awaitable[str]]
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SLACK = HOUR
"""What real time may add between a deadline's instant and its firing, on a busy machine."""


@pytest.fixture
async def database(migrated: Migrated) -> str:
    return await migrated("sandbox")


def short_timeout() -> StepTimeout:
    return StepTimeout(stalled=0.3)


def real_now() -> datetime:
    return datetime.now(UTC)


def instant(served: dict[str, str]) -> datetime:
    return datetime.fromisoformat(served["now"])


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
    async with sandbox_with(database, Worker(), stuck, timeout=short_timeout) as running:
        refused = await running.post("/clock", {"advance": "2d"})
        assert refused.status == 503
        assert "b: relay 3 behind" in refused.body["detail"]
        assert "a:" not in refused.body["detail"]
        assert [worker["worker"] for worker in refused.body["workers"]] == ["a", "b"]
        assert (await running.get("/clock")).body["revision"] == 0


class ScriptedWorkers:
    """Workers whose reports are written down beforehand, one round after the other; the last one stays."""

    def __init__(self, *rounds: Sequence[Report]) -> None:
        self.rounds = list(rounds)
        self.asked = 0

    async def reports(self) -> Sequence[Report]:
        self.asked += 1
        return self.rounds[min(self.asked, len(self.rounds)) - 1]


class NoStore:
    """A store that keeps nothing."""

    async def save(self, position: ClockPosition) -> None:
        """Nothing to do: the clock of these tests lives in memory."""


async def caller_waits() -> bool:
    return False


async def test_quiet_counts_only_in_two_rounds_in_a_row_without_anything_new() -> None:
    def round_of(quiet_a: bool, head_a: int, head_b: int) -> list[Report]:
        return [Report("a", quiet_a, 0, head_a), Report("b", True, 0, head_b)]

    workers = ScriptedWorkers(
        round_of(True, 1, 1),
        round_of(True, 1, 2),  # b has given a something to do since
        round_of(False, 1, 2),
        round_of(True, 2, 2),  # done, but only seen once
        round_of(False, 2, 2),
        round_of(True, 3, 2),
        round_of(True, 3, 2),
    )
    await ClockMover(Clock(), NoStore(), workers).move(Move(advance="0s"), caller_waits)
    assert workers.asked == len(workers.rounds)


async def test_quiet_at_an_earlier_time_is_no_quiet() -> None:
    workers = ScriptedWorkers(
        [Report("a", True, 0, 1)], [Report("a", True, 0, 1)], [Report("a", True, 0, 1)], [Report("a", True, 1, 1)]
    )
    clock = Clock()
    assert await ClockMover(clock, NoStore(), workers).move(Move(advance="1d"), caller_waits) == 1
    assert (clock.revision, workers.asked) == (1, 5)


async def test_a_log_that_never_rests_ends_the_patience_too() -> None:
    heads = (Report("a", True, 0, n) for n in itertools.count())

    class Restless(ScriptedWorkers):
        async def reports(self) -> Sequence[Report]:
            return [next(heads)]

    with pytest.raises(NotQuiet, match="never rest"):
        await ClockMover(Clock(), NoStore(), Restless(), lambda: StepTimeout(total=0.05)).move(
            Move(advance="1d"), caller_waits
        )


async def test_a_worker_that_is_away_holds_time_until_it_is_back(database: str) -> None:
    async with sandbox(database, {"gone": "http://127.0.0.1:9"}, timeout=short_timeout) as running:
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
