"""One stack for all promises: it lives through everything, as a real one would."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chaos.run import Run, open_run


@pytest.fixture(scope="package")
async def run() -> AsyncIterator[Run]:
    """A running stack that knows how its stories end without faults."""
    async with open_run() as run:
        await run.learn()
        yield run
