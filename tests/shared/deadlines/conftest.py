"""A log of marks whose events start and end deadlines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.toys.marks import Flow, deadlines, flow_on


@pytest.fixture
async def flow(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), "no kafka", "no topic", deadlines=deadlines) as flow:
        yield flow
