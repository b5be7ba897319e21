"""A server that has become a standby is left for the one that takes writes: what it says may be old."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.eventstore.connections import open_pool
from shared.eventstore.errors import Busy
from shared.eventstore.store import open_store
from shared.resilience.retry import transient
from tests.cases.plugin import Came
from tests.support.toys.marks import Flow, as_owner, flow_on

READ_ONLY = 'alter database "{}" set default_transaction_read_only = {}'


@pytest.fixture
async def flow(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), "no kafka", "no topic") as flow:
        yield flow


async def read_only(dsn: str, on: bool) -> None:
    """What becomes of a primary after a switch-over; sessions that are open keep what they had."""
    name = dsn.rpartition("/")[2]
    await as_owner(dsn, f"set transaction read write; {READ_ONLY.format(name, 'on' if on else 'off')}")


@pytest.mark.case("EL7", given="the address leads to a server that takes no writes; a stream is loaded", right="Busy")
async def test_nothing_is_loaded_from_a_server_that_takes_no_writes(flow: Flow, came: Came) -> None:
    await flow.append("order-1", "a")
    await read_only(flow.dsn, True)
    async with open_store(flow.dsn) as store:
        with pytest.raises(Busy) as refused:
            await store.load("order-1")
    await read_only(flow.dsn, False)
    came(refused.type.__name__)


@pytest.mark.case("EL7+1", given="the same, a read model is asked", right="to be asked again")
async def test_no_read_model_is_read_from_a_server_that_takes_no_writes(flow: Flow, came: Came) -> None:
    await read_only(flow.dsn, True)
    async with open_pool(flow.dsn) as pool:
        with pytest.raises(Exception) as refused:
            await pool.fetchval("select 1")
    await read_only(flow.dsn, False)
    came("to be asked again" if transient(refused.value) else repr(refused.value))


@pytest.mark.case(
    "EL7+2", given="the writer finds that its server takes no writes any more", right="3 of 3 connections anew"
)
async def test_when_the_writer_moves_on_the_readers_do_too(flow: Flow, came: Came) -> None:
    await flow.append("order-1", "a")
    await flow.store.load("order-1")
    before = [await line.open() for line in flow.store._lines]
    for connection in before:
        await connection.execute("set default_transaction_read_only = on")
    await flow.append("order-1", "b")
    ((_, last),) = await flow.store.load("order-1")
    assert last.position == await flow.store.head() == 2
    after = [await line.open() for line in flow.store._lines]
    came(f"{sum(one is not other for one, other in zip(before, after, strict=True))} of {len(after)} connections anew")
