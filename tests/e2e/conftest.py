"""The whole system, started once by its own supervisor: what every test here talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from shared.process.addresses import Ports
from tests.e2e.client import LIMIT, Services
from tests.e2e.log import Logs, open_logs
from tests.support.servers.stack import line_of, owner_url, running, stack_environment


@dataclass(frozen=True, slots=True)
class Stack:
    """One running system: its port base and the folder of its state."""

    base: int
    state: Path

    @property
    def database_url(self) -> str:
        """The server, with the login of its owner."""
        return owner_url(self.base, self.state)

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{Ports(self.base).kafka}"

    @property
    def logs(self) -> Path:
        """Where every process writes what it says."""
        return self.state / "log"


HERE = Path(__file__).parent
LOOKS_BACK = "test_the_audit_finds_every_promise_kept"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The audit judges all that the other tests here have done, so it comes last of them."""
    ours = [place for place, item in enumerate(items) if item.path.is_relative_to(HERE)]
    last = sorted((items[place] for place in ours), key=lambda item: item.name == LOOKS_BACK)
    for place, item in zip(ours, last, strict=True):
        items[place] = item


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    """PostgreSQL, Kafka, the sandbox, three apps, three workers and the console, all of them processes; no story. They
    end with the tests here: a system at rest still takes a sixth of a core from those that follow.
    """
    with stack_environment() as environment:
        environment["DEMO"] = "0"
        async with running(environment, "run") as process:
            assert (await line_of(process)).startswith("makewhole is ready: http://127.0.0.1:")
            yield Stack(int(environment["PORT_BASE"]), Path(environment["MAKEWHOLE_STATE"]))


@pytest.fixture(scope="package")
async def services(stack: Stack) -> AsyncIterator[Services]:
    """The services over HTTP."""
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector, timeout=LIMIT) as session:
        yield Services(session, stack.base)


@pytest.fixture(scope="package")
async def logs(stack: Stack) -> AsyncIterator[Logs]:
    """The services' databases, to look at."""
    async with open_logs(stack.database_url) as opened:
        yield opened
