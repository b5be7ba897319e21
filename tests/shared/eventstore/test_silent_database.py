"""A PostgreSQL that keeps its connections and says nothing, as where its disk hangs: nobody waits without a limit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest

from shared.eventstore.connections import open_pool
from shared.eventstore.errors import Busy
from shared.eventstore.store import open_store
from shared.http.problems import problem_of
from shared.resilience.retry import transient
from tests.cases.plugin import Came
from tests.support.proxy import Proxy, proxied

BOUND = 60.0
"""Seconds within which everybody must have been told, however many they are and however busy the machine is."""


@pytest.fixture
async def database(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Proxy]:
    async with proxied(await migrated("dispute")) as proxy:
        yield proxy


async def told(work: Iterable[Awaitable[object]]) -> str:
    """What everybody was told within the bound, and how many still wait."""
    tasks = [asyncio.ensure_future(each) for each in work]
    done, waiting = await asyncio.wait(tasks, timeout=BOUND)
    for task in waiting:
        task.cancel()
    answers = Counter(_told(task) for task in done)
    return ", ".join([*(f"{count} {word}" for word, count in answers.items()), f"{len(waiting)} wait"])


def _told(task: asyncio.Future[object]) -> str:
    error = task.exception()
    assert isinstance(error, Exception)
    assert transient(error)
    problem = problem_of(error)
    assert problem.headers["Retry-After"]
    return f"{problem.status} {problem.code}"


@pytest.mark.case("EM5", given="PostgreSQL hangs; 700 loads of streams at once", right="700 503 busy, 0 wait")
async def test_every_load_of_many_at_once_is_told(database: Proxy, came: Came) -> None:
    async with open_store(database.url) as store:
        await store.load("order-0")
        database.faults.silent = True
        came(await told(store.load(f"order-{n}") for n in range(700)))


@pytest.mark.case("EM5+1", given="PostgreSQL hangs; 200 queries of read models at once", right="200 503 busy, 0 wait")
async def test_every_query_of_many_at_once_is_told(database: Proxy, came: Came) -> None:
    async with open_pool(database.url) as pool:
        await asyncio.gather(*(pool.fetchval("select 1") for _ in range(20)))
        database.faults.silent = True
        came(await told(pool.fetchval("select 1") for _ in range(200)))


@pytest.mark.case("EM5+2", given="PostgreSQL hangs; 50 ask for the log's head", right="50 503 busy, 0 wait")
async def test_every_question_for_the_head_is_told(database: Proxy, came: Came) -> None:
    async with open_store(database.url) as store:
        await store.head()
        database.faults.silent = True
        came(await told(store.head() for _ in range(50)))


@pytest.mark.case("EM5+3", given="PostgreSQL hangs before anybody is connected; 50 loads", right="50 503 busy, 0 wait")
async def test_a_connection_that_is_never_made_is_told_too(database: Proxy, came: Came) -> None:
    database.faults.silent = True
    async with open_store(database.url) as store:
        came(await told(store.load(f"order-{n}") for n in range(50)))


async def test_everything_goes_on_when_the_database_answers_again(database: Proxy) -> None:
    async with open_store(database.url) as store, open_pool(database.url) as pool:
        database.faults.silent = True
        with pytest.raises(Busy):
            await store.load("order-0")
        database.faults.silent = False
        database.cut()
        assert (await store.load("order-0"), await store.head(), await pool.fetchval("select 1")) == ([()], 0, 1)


async def test_a_store_and_a_pool_open_without_their_database(database: Proxy) -> None:
    database.faults.refuse = True
    async with open_store(database.url) as store, open_pool(database.url) as pool:
        database.faults.refuse = False
        assert (await store.head(), await pool.fetchval("select 1")) == (0, 1)


async def test_a_database_that_does_not_exist_yet_is_waited_for(postgres_url: str) -> None:
    async with open_store(f"{postgres_url}/that_is_not_there") as store:
        with pytest.raises(Busy):
            await store.head()
