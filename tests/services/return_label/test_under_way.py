"""Returns that were under way before their deadlines ran, on real PostgreSQL: the worker takes them up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.timers import ENDS, STARTS
from shared.deadlines import take_up
from shared.deadlines.take_up import TakeUp
from shared.decider import no_deadlines
from shared.events.base import Event
from shared.events.return_label import ReturnEvent
from tests.support.builders import returns as r
from tests.support.toys.marks import Flow, flow_on

D9, D10, D11 = DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT, DeadlineKind.INSPECTION
LIVES: dict[str, Sequence[ReturnEvent]] = {
    "return-unsent": r.AUTHORIZED,
    "return-on-its-way": r.SHIPPED,
    "return-there": r.RECEIVED,
    "return-over": r.INSPECTED,
    "return-kept": (*r.AUTHORIZED, r.lapsed()),
}


def of_the_version_before(_: str, event: Event) -> Sequence[object]:
    """It recorded instants and started no timer."""
    return tuple(no_deadlines(event))


@pytest.fixture
async def before(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Flow]:
    """The log as the version before has left it."""
    dsn = await migrated("return_label")
    async with flow_on(dsn, "no kafka", "no topic", deadlines=of_the_version_before) as flow:
        for stream, events in LIVES.items():
            await flow.record(stream, *events, key="o1")
        yield flow


async def rows(flow: Flow) -> dict[tuple[str, str], object]:
    found = await flow.pool.fetch("select * from deadlines where key = 'o1'")
    return {(row["stream"], row["kind"]): row["due_at"] for row in found}


def taking_up(flow: Flow) -> TakeUp:
    return TakeUp(flow.store, flow.pool, decider, STARTS, ENDS)


WAITING = {
    ("return-unsent", D9): r.SHIP_BY,
    ("return-on-its-way", D10): r.ALARM_AT,
    ("return-there", D11): r.INSPECT_BY,
}


async def test_d9_d10_d11_returns_that_are_under_way_get_their_deadlines_and_others_none(before: Flow) -> None:
    assert await rows(before) == {}
    assert not await taking_up(before).turn()
    assert await rows(before) == WAITING


async def test_what_the_version_before_goes_on_to_write_beside_this_one_is_taken_up_too(before: Flow) -> None:
    ours = taking_up(before)
    await ours.turn()
    await before.record("return-unsent", r.shipped(), key="o1")
    await ours.turn()
    sent = {place: due_at for place, due_at in WAITING.items() if place != ("return-unsent", D9)}
    assert await rows(before) == sent | {("return-unsent", D10): r.ALARM_AT}


async def test_so_many_at_once_and_each_is_looked_at(before: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_up, "AT_ONCE", 1)
    ours, turns = taking_up(before), 1
    while await ours.turn():
        turns += 1
    assert turns > len(WAITING)
    assert await rows(before) == WAITING
