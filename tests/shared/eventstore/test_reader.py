"""Loading streams from PostgreSQL: a history is whole, and read by a version that knows all of it, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.events.errors import NewerVersion
from shared.eventstore.errors import TornHistory
from tests.support.toys import newer
from tests.support.toys.marks import Flow, as_owner, flow_on, word


@pytest.fixture
async def flow(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), "no kafka", "no topic") as flow:
        yield flow


@pytest.mark.parametrize("without", ["1", "2", "1, 2"])
async def test_what_is_left_of_a_stream_is_not_folded(flow: Flow, without: str) -> None:
    """Somebody has gone behind the guards of the table, or restored a part of it."""
    await flow.append("order-1", "a", "b", "c")
    await flow.append("order-2", "whole")
    await as_owner(
        flow.dsn,
        f"""
        alter table events disable trigger append_only;
        delete from events where stream = 'order-1' and version in ({without})
        """,
    )
    with pytest.raises(TornHistory, match="order-1"):
        await flow.store.load("order-1")
    assert [word(recorded) for recorded in (await flow.store.load("order-2"))[0]] == ["whole"]


async def test_a_stream_with_an_event_of_a_next_version_is_told_and_no_other_suffers(flow: Flow) -> None:
    await flow.record("order-1", newer.OrderRerouted(order_id="1", via=newer.DEPOT))
    await flow.append("order-2", "known")
    with pytest.raises(NewerVersion, match="OrderRerouted"):
        await flow.store.load("order-2", "order-1")
    assert [word(recorded) for recorded in (await flow.store.load("order-2"))[0]] == ["known"]
