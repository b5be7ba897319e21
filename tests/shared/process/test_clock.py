"""The domain's time: followed from the sandbox, never turned back, and unknown until it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from shared.process.clock import Clock, ClockUnknown, SandboxClock, SystemClock, running_clock
from shared.process.settings import Settings
from tests.support.production import production
from tests.support.servers.backing import free_ports
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys.notes import listening

DAY = timedelta(days=1)


@dataclass
class Sandbox:
    """The sandbox's clock as it is seen over HTTP."""

    offset: timedelta = timedelta()
    revision: int = 0
    broken: bool = False
    asked: list[str | None] = field(default_factory=list)
    address: str = ""
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def move(self, by: timedelta) -> None:
        """Moves time and answers everybody who waits."""
        self.offset += by
        self.revision += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def answer(self, request: web.Request) -> web.Response:
        """What /clock answers: at once, or when the clock is moved."""
        after = request.query.get("after")
        self.asked.append(after)
        if self.broken:
            return web.Response(status=500)
        if after == str(self.revision):
            await self._moved.wait()
        now = (datetime.now(UTC) + self.offset).isoformat()
        return web.json_response(
            {"now": now, "revision": self.revision, "offset_us": self.offset // timedelta(microseconds=1), "more": "x"}
        )


@asynccontextmanager
async def running_sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    app = web.Application()
    app.router.add_get("/clock", sandbox.answer)
    async with listening(app) as sandbox.address:
        yield sandbox


@pytest.fixture(autouse=True)
def endless_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer comes because a question has waited for long enough."""
    monkeypatch.setattr("shared.process.clock.POLL_LIMIT", 3600.0)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as sandbox:
        yield sandbox


def ahead(clock: Clock) -> timedelta:
    return clock.now() - datetime.now(UTC)


def about(one: timedelta, other: timedelta) -> bool:
    return abs(one - other) < timedelta(hours=1)


async def test_before_the_sandbox_has_spoken_nobody_knows_the_time() -> None:
    clock = SandboxClock("http://127.0.0.1:9")
    assert not clock.known
    with pytest.raises(ClockUnknown):
        clock.now()


async def test_the_clock_is_as_far_ahead_as_the_sandbox_says(sandbox: Sandbox) -> None:
    sandbox.move(5 * DAY)
    async with SandboxClock(sandbox.address).following() as clock:
        await clock.moved(-1)
        assert clock.known and clock.revision == 1 and about(ahead(clock), 5 * DAY)


async def test_a_move_is_heard_at_once(sandbox: Sandbox) -> None:
    async with SandboxClock(sandbox.address).following() as clock, asyncio.timeout(LIMIT):
        await clock.moved(-1)
        await eventually(lambda: len(sandbox.asked) == 2)
        sandbox.move(DAY)
        await clock.moved(0)
        assert about(ahead(clock), DAY)
        assert sandbox.asked[:2] == [None, "0"]


async def test_everybody_who_waits_hears_of_a_move(sandbox: Sandbox) -> None:
    async with SandboxClock(sandbox.address).following() as clock, asyncio.timeout(LIMIT):
        await clock.moved(-1)
        waiting = asyncio.gather(*(clock.moved(0) for _ in range(10)))
        sandbox.move(DAY)
        await waiting


async def test_while_the_sandbox_is_away_time_goes_on(sandbox: Sandbox) -> None:
    async with SandboxClock(sandbox.address).following() as clock, asyncio.timeout(LIMIT):
        await eventually(lambda: len(sandbox.asked) == 2)
        sandbox.broken = True
        sandbox.move(DAY)
        await clock.moved(0)
        await eventually(lambda: len(sandbox.asked) == 4)
        assert about(ahead(clock), DAY)
        sandbox.broken = False
        sandbox.move(DAY)
        await clock.moved(1)
        assert about(ahead(clock), 2 * DAY)


async def test_a_sandbox_that_comes_later_is_found() -> None:
    (port,) = free_ports(1)
    async with (
        SandboxClock(f"http://127.0.0.1:{port}").following() as clock,
        asyncio.timeout(LIMIT),
    ):
        sandbox, app = Sandbox(), web.Application()
        app.router.add_get("/clock", sandbox.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            await clock.moved(-1)
        finally:
            await runner.cleanup()


async def test_time_is_never_turned_back(sandbox: Sandbox) -> None:
    sandbox.move(5 * DAY)
    async with SandboxClock(sandbox.address).following() as clock, asyncio.timeout(LIMIT):
        await clock.moved(-1)
        sandbox.move(-3 * DAY)
        await clock.moved(1)
        assert about(ahead(clock), 5 * DAY)


async def test_production_knows_the_machines_time_alone() -> None:
    async with running_clock(production()) as clock:
        assert isinstance(clock, SystemClock) and clock.known and about(ahead(clock), timedelta())


async def test_the_sandbox_mode_follows_its_sandbox(sandbox: Sandbox) -> None:
    async with running_clock(Settings(sandbox=sandbox.address)) as clock, asyncio.timeout(LIMIT):
        await clock.moved(-1)
        assert isinstance(clock, SandboxClock)
