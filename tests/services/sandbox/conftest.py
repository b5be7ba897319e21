"""One sandbox for the tests of a file, with nothing armed, and orders of each test's own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from tests.support.servers.backing import Databases
from tests.support.servers.sandbox import Served, sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def database(databases: Databases) -> str:
    return await databases.migrated("sandbox")


@pytest.fixture(scope="module")
async def shared_sandbox(database: str) -> AsyncIterator[Served]:
    async with sandbox(database) as running:
        yield running


@pytest.fixture
async def provider(shared_sandbox: Served) -> AsyncIterator[Served]:
    """The one provider of all tests of a file, with nothing armed; what they book they tell apart by their orders."""
    yield shared_sandbox
    shared_sandbox.app.draining.clear()
    await shared_sandbox.ask("DELETE", "/faults")


@pytest.fixture
def o1() -> str:
    """An order of this test's own, and the beginning of its refunds' ids."""
    return f"order-{next(_numbers)}"


@pytest.fixture
def o2() -> str:
    """A second one."""
    return f"order-{next(_numbers)}"
