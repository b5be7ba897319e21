"""Real PostgreSQL and real Kafka for the tests: one of each for a session, databases and topics by the dozen."""

import atexit
import contextlib
import itertools
import os
import random
import shutil
import socket
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import asyncpg

from local_stack.databases import migrate
from local_stack.kafka import Kafka
from local_stack.postgres import Postgres
from local_stack.server import serving
from local_stack.topics import ensure_topics
from shared.events.logs import PARTITIONS
from shared.process.addresses import APPS, INNER, KAFKA, KAFKA_CONTROLLER, POSTGRES, PROJECT, WORKER, database_url

MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 6 * 1024**3
SHARED_DATA = PROJECT.parent / "shared" / "data"
# Below the range that the kernel takes for outgoing connections, so that a port found free stays free until it is used.
PORTS = range(20_000, 30_000)
BASES = range(10_000, 19_000, 10)
_OFFSETS = (*APPS.values(), *(WORKER + offset for offset in APPS.values()), POSTGRES, KAFKA, KAFKA_CONTROLLER)
_TENS = (0, WORKER, INNER)
"""Of a stack's ports those that stand for ten: bases are ten apart."""
_AT_MOST = 500
_kept: deque[socket.socket] = deque()
"""The datagram port of each stream port that was given out, the newest ones: what tells other processes, and this one's
next question, that it is taken before anybody listens there.
"""
_numbers = itertools.count(1)


@contextlib.contextmanager
def temporary_state(in_memory: bool = False) -> Iterator[Path]:
    """A state folder that every user may enter, PostgreSQL's among them, removed at the end; kept in memory where that
    is asked for and there is room: the servers are the same, and what they flush costs nothing.
    """
    parent = MEMORY if in_memory and _room_in_memory() else None
    folder = Path(tempfile.mkdtemp(prefix="makewhole-test-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _room_in_memory() -> bool:
    return MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED


@contextlib.asynccontextmanager
async def running_postgres(in_memory: bool = False) -> AsyncIterator[str]:
    """A PostgreSQL server of its own; yields its address."""
    with temporary_state(in_memory) as state:
        server = Postgres(state, free_ports(1)[0])
        async with serving(server, state / "log" / "postgres.log"):
            yield server.url


@contextlib.asynccontextmanager
async def running_kafka(in_memory: bool = False) -> AsyncIterator[str]:
    """A Kafka broker of its own; yields its bootstrap address."""
    with temporary_state(in_memory) as state:
        server = Kafka(state, *free_ports(2))
        async with serving(server, state / "log" / "kafka.log"):
            yield server.bootstrap


class Databases:
    """Fresh databases on one server, copied from a template that is migrated once."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._templates: dict[tuple[str, int], str] = {}

    async def empty(self) -> str:
        """The address of a new database with nothing in it."""
        return await self._create("template1")

    async def migrated(self, service: str, partitions: int = PARTITIONS) -> str:
        """The address of a new database with the service's tables."""
        if (service, partitions) not in self._templates:
            url = await self.empty()
            await migrate(service, url, partitions)
            self._templates[service, partitions] = url.rsplit("/", 1)[1]
        return await self._create(self._templates[service, partitions])

    async def drop(self, url: str) -> None:
        """Removes a database, whoever may still be connected."""
        await self._execute(f'drop database if exists "{url.rsplit("/", 1)[1]}" with (force)')

    async def _create(self, template: str) -> str:
        name = f"test_{next(_numbers)}"
        await self._execute(f'create database "{name}" template "{template}"')
        return database_url(self.server_url, name)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server_url, database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def fresh_topic_on(bootstrap: str, name: str = "test.events", partitions: int = PARTITIONS) -> str:
    """A new topic with the production settings, named after the one it stands for."""
    fresh = f"{name}.{os.getpid()}.{next(_numbers)}"
    await ensure_topics(bootstrap, [fresh], partitions)
    return fresh


def free_ports(count: int) -> list[int]:
    """Ports on the loopback address that nobody listens on, and that nobody else is given meanwhile."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(PORTS)
        if _free(port) and _keep([port]):
            found.append(port)
    return found


def free_port_base() -> int:
    """A PORT_BASE with all the ports of a stack free, and given to nobody else."""
    while True:
        base = random.choice(BASES)
        kept = [base + offset for offset in (*_TENS, POSTGRES, KAFKA, KAFKA_CONTROLLER)]
        if all(_free(base + offset) for offset in _OFFSETS) and _keep(kept):
            return base


def _keep(ports: Sequence[int]) -> bool:
    """Takes all of them, or none where one is taken."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in ports]
        try:
            for datagrams, port in zip(taken, ports, strict=True):
                datagrams.bind(("127.0.0.1", port))
        except OSError:
            return False
        stack.pop_all()
    _kept.extend(taken)
    _let_go(_AT_MOST)
    return True


def _let_go(all_but: int) -> None:
    while len(_kept) > all_but:
        _kept.popleft().close()


atexit.register(_let_go, 0)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
