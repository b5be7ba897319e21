"""Sandbox clock: it moves forwards only, outlasts a restart, and whoever waits for a move is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock.clock import ClockPosition
from sandbox.clock.move_request import duration
from sandbox.clock.mover import StepTimeout
from sandbox.clock.store import ClockStore
from sandbox.database import open_pool
from shared.events.base import wire_time
from tests.support.servers.sandbox import Served, sandbox
from tests.support.servers.stack import LIMIT

Migrated = Callable[[str], Awaitable[str]]
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SLACK = HOUR
"""What real time may add between a deadline's instant and its firing, on a busy machine."""


@pytest.fixture
async def database(migrated: Migrated) -> str:
    return await migrated("sandbox")


@pytest.fixture
async def alone(database: str) -> AsyncIterator[Served]:
    """A sandbox that moves nobody's time but its own."""
    async with sandbox(database) as running:
        yield running


@pytest.fixture(autouse=True)
def endless_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer comes because a question has waited for long enough."""
    monkeypatch.setattr("sandbox.clock.router.LONG_POLL", 3600.0)


def short_timeout() -> StepTimeout:
    return StepTimeout(stalled=0.3)


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
    refused = await alone.post("/clock", {"advance": "70000d"})
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
    async with open_pool(database) as pool:
        positions = ClockStore(pool)
        await positions.save(ClockPosition(DAY, 1))
        with pytest.raises(RuntimeError, match="another sandbox"):
            await positions.save(ClockPosition(2 * DAY, 1))
        assert await positions.load() == ClockPosition(DAY, 1)


async def test_who_waits_for_a_move_is_told_at_once(alone: Served) -> None:
    waiting = asyncio.create_task(alone.get("/clock", after=0))
    await alone.get("/clock")
    assert not waiting.done()
    await alone.post("/clock", {"advance": "1d"})
    assert (await asyncio.wait_for(waiting, LIMIT)).body["revision"] == 1


async def test_who_missed_a_move_does_not_wait(alone: Served) -> None:
    await alone.post("/clock", {"advance": "1d"})
    for heard in (0, 7):  # behind, or from an earlier database
        assert (await asyncio.wait_for(alone.get("/clock", after=heard), LIMIT)).body["revision"] == 1


async def test_nobody_waits_longer_than_the_process_lives(alone: Served) -> None:
    waiting = asyncio.create_task(alone.get("/clock", after=0))
    await alone.get("/clock")
    alone.app.draining.set()
    assert (await asyncio.wait_for(waiting, LIMIT)).body["revision"] == 0
