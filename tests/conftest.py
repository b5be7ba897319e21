"""Fixtures that every test may ask for: real servers, started when the first test wants them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from shared.events.logs import PARTITIONS
from tests.laws.size import examples
from tests.support.servers import backing

# On a busy machine a slow example is no failure.
settings.register_profile("makewhole", deadline=None, max_examples=examples(100))
# The same tree gives the same result: its examples follow from each law's own text. Elsewhere every run tries new ones.
settings.register_profile("ci", settings.get_profile("makewhole"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "makewhole")

pytest_plugins = ["tests.cases.plugin"]

E2E = "tests/e2e/"
SERVERS = {"postgres": "postgres_url", "kafka": "kafka"}
LONG = ("tests/chaos/", "tests/local_stack/", "tests/torture/", "tests/shared/relay/", "tests/shared/eventstore/")
LARGE = ("chaos", "e2e", "proof", "slow")
"""Marks of tests that start processes and servers of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test costs follows from the servers that its fixtures start, and from its marks: `-m unit` needs none."""
    for item in items:
        marked = {marker.name for marker in item.iter_markers()}
        for name in costs(getattr(item, "fixturenames", ()), marked):
            item.add_marker(name)


def costs(fixtures: Collection[str], marked: Collection[str]) -> list[str]:
    """The servers of the session that a test needs, or `unit` where it needs none at all."""
    needs = [name for name, fixture in SERVERS.items() if fixture in fixtures]
    return needs if needs or not set(LARGE).isdisjoint(marked) else ["unit"]


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Deals tests out to processes: a file to one of them, and to one all that shares the running system."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return E2E if file.startswith(E2E) else file

    def schedule(self) -> None:
        """Deals out by number of tests, and first of all what is long with a few: nobody waits for it in the end."""
        super().schedule()
        for file in [file for file in reversed(self.workqueue) if file.startswith(LONG)]:
            self.workqueue.move_to_end(file, last=False)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """The scheduler of `-n 2`."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
async def postgres_url() -> AsyncIterator[str]:
    """The address of the session's PostgreSQL server, without a database."""
    async with backing.running_postgres(in_memory=True) as url:
        yield url


@pytest.fixture(scope="session")
async def kafka() -> AsyncIterator[str]:
    """The bootstrap address of the session's Kafka; a broker that does not start is a failure, never a skip."""
    async with backing.running_kafka(in_memory=True) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
async def databases(postgres_url: str) -> backing.Databases:
    """Makes databases for fixtures of a wider scope than one test; who takes one drops it or leaves it to the session's
    end.
    """
    return backing.Databases(postgres_url)


@pytest.fixture
async def migrated(databases: backing.Databases) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`await migrated("dispute")`: the address of a fresh database with that service's tables, dropped after the
    test.
    """
    made: list[str] = []

    async def make(service: str) -> str:
        made.append(await databases.migrated(service))
        return made[-1]

    yield make
    for url in made:
        await databases.drop(url)


@pytest.fixture
async def empty_database(databases: backing.Databases) -> AsyncIterator[str]:
    """The address of a fresh database with nothing in it, dropped after the test."""
    url = await databases.empty()
    yield url
    await databases.drop(url)


@pytest.fixture
def fresh_topic(kafka: str) -> Callable[..., Awaitable[str]]:
    """`await fresh_topic("dispute.events")`: the name of a new topic with the production settings."""

    async def make(name: str = "test.events", partitions: int = PARTITIONS) -> str:
        return await backing.fresh_topic_on(kafka, name, partitions)

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real orders, texts and reference tables beside the project."""
    if not backing.SHARED_DATA.is_dir():
        pytest.skip(f"no data at {backing.SHARED_DATA}")
    return backing.SHARED_DATA
