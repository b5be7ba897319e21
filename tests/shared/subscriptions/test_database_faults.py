"""What the database says of its tables is waited for by a projection: nobody would miss a stream parked for it."""

from __future__ import annotations

from functools import partial

import pytest

from shared.subscriptions.projection import Projection
from tests.cases.plugin import Came
from tests.shared.subscriptions.test_subscription import counting, flow, is_quiet, publish_all, says
from tests.support.servers.stack import eventually
from tests.support.toys.marks import Flow, as_owner, count_versions, running

__all__ = ["flow"]

FAULTS = {
    "EM7": (
        "a column of another name",
        "alter table seen rename column versions to v",
        "alter table seen rename column v to versions",
    ),
    "EM7+1": (
        "a column without a default that only a newer version fills",
        "alter table seen add column more text not null",
        "alter table seen drop column more",
    ),
    "EM7+2": (
        "a column of another type",
        "alter table seen alter column versions drop not null, alter column versions type boolean using null",
        "alter table seen alter column versions type int[] using '{}'::int[], alter column versions set not null",
    ),
    "EM7+3": (
        "rows that may not be written",
        "revoke insert, update on seen from makewhole_app",
        "grant insert, update on seen to makewhole_app",
    ),
}


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        pytest.param(
            broken,
            mended,
            id=case,
            marks=pytest.mark.case(case, given=fault, right="waits, parks 0, goes on by itself"),
        )
        for case, (fault, broken, mended) in FAULTS.items()
    ],
)
async def test_a_fault_of_the_database_is_waited_for_and_parks_nothing(
    flow: Flow, broken: str, mended: str, came: Came
) -> None:
    await flow.fill(streams=5, versions=1)
    await publish_all(flow)
    await as_owner(flow.dsn, broken)
    async with running(subscription := flow.subscription("seen", Projection(count_versions))):
        await eventually(partial(says, subscription, "TablesUnfit"))
        parked = len(await flow.parked())
        await as_owner(flow.dsn, mended)
        await eventually(partial(is_quiet, subscription))
    assert await flow.projected()
    came(f"waits, parks {parked}, goes on by itself")


async def test_an_events_own_fault_parks_its_stream(flow: Flow) -> None:
    await as_owner(flow.dsn, "alter table seen add constraint few check (cardinality(versions) < 2)")
    await flow.fill(streams=2, versions=2)
    await publish_all(flow)
    async with running(subscription := counting(flow)):
        await eventually(partial(is_quiet, subscription))
    assert await flow.parked() == ["order-0", "order-1"]
