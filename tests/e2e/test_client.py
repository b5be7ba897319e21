"""The client beneath the tests: a process that is starting has not answered yet, and nobody fails for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from aiohttp import web

from tests.e2e.client import PORTS, SERVICES, Services
from tests.support.servers.backing import free_port_base

CUT_OFF = 0
FIRST_WORDS = (CUT_OFF, 503, 200)
"""What a worker answers while it starts; from then on it has nothing left to do."""


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """Services of which no process runs."""
    async with aiohttp.ClientSession() as session:
        yield Services(session, free_port_base())


@contextlib.asynccontextmanager
async def starting(port: int, words: Iterator[int]) -> AsyncIterator[None]:
    """A worker that listens, cuts a question off, has not begun, and is busy; all that in the order of the words."""

    async def quiet(request: web.Request) -> web.Response:
        status = next(words, None)
        if status == CUT_OFF:
            assert request.transport
            request.transport.close()
        return web.json_response({"quiet": status is None} if status != 503 else {}, status=status or 200)

    app = web.Application()
    app.router.add_get("/internal/quiet", quiet)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("worker", [True, False], ids=["worker", "app"])
async def test_where_nobody_listens_yet_a_probe_has_no_answer(services: Services, worker: bool) -> None:
    assert await services.probe("dispute", "/readyz", worker=worker) is None


async def test_workers_that_start_are_waited_for_until_all_are_at_rest(services: Services) -> None:
    assert [await services.quiet(service) for service in SERVICES] == [False, False, False]
    waiting = asyncio.create_task(services.at_rest())
    words = iter(FIRST_WORDS)
    async with contextlib.AsyncExitStack() as workers:
        for service in SERVICES:
            await workers.enter_async_context(starting(services.base + PORTS[service] + 100, words))
        await waiting
    assert list(words) == []


async def test_a_command_that_nobody_takes_is_a_failure(services: Services) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await services.send("dispute", "POST", "/v1/disputes")
