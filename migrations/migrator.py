"""Brings databases to their newest revision: all in one process, safe against a second migrator, quick where there is
nothing to do.

Alembic takes most of a second to import, so it is imported only where a revision is missing, and in a thread.
"""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

HERE = Path(__file__).parent
SERVICES = tuple(sorted(path.parent.name for path in HERE.glob("*/versions")))
"""Those with a history here."""
# Held on the database while its revisions run, and on the server's own database while databases are made.
MIGRATION_LOCK = 7_003
LIMIT = 60.0

# Alembic's `op` and `context` are global to the process: two upgrades at once would write into each other's database.
_one_at_a_time = asyncio.Lock()


class OtherPartitions(Exception):
    """The database was made for topics of another number of partitions."""


async def migrate_all(server: str, partitions: int, services: Sequence[str] = SERVICES) -> None:
    """Creates what databases are missing on the server and brings each to its newest revision."""
    await create_databases(server, services)
    for service in services:
        await migrate(service, dsn(server, service), partitions)


async def migrate(service: str, database: str, partitions: int) -> None:
    """Brings the database at this address to the newest revision of the service's history.

    A new log keeps `partitions`, that of its topic; OtherPartitions where it was made with another number.
    """
    if service not in SERVICES:
        raise ValueError(f"no such service: {service} (there are {', '.join(SERVICES)})")
    # A newer one is the work of a newer release, beside which this one runs, or back to which somebody went.
    if (await revision(database) or "") < newest(service):
        upgrade = await asyncio.to_thread(import_module, "migrations.upgrade")
        async with _one_at_a_time, asyncio.timeout(LIMIT):
            await upgrade.upgrade(HERE, service, database, partitions, MIGRATION_LOCK)
    kept = await _partitions(database)
    if kept not in (None, partitions):
        raise OtherPartitions(
            f"its log was made for {kept} partitions, not {partitions}: set MAKEWHOLE_PARTITIONS={kept}"
        )


def dsn(server: str, service: str) -> str:
    """The address of a service's database on the server; a database named in `server` is replaced."""
    return urlunsplit(urlsplit(server)._replace(path=f"/makewhole_{service}"))


def newest(service: str) -> str:
    """The last revision of a service's history: revisions are named by the number that begins their file's name."""
    return max(path.name.partition("_")[0] for path in (HERE / service / "versions").glob("*.py"))


async def revision(database: str) -> str | None:
    """The revision of a database, or nothing where it has none yet."""
    connection = await asyncpg.connect(database, timeout=10, command_timeout=10)
    try:
        if await connection.fetchval("select to_regclass('alembic_version')") is None:
            return None
        found: str | None = await connection.fetchval("select version_num from alembic_version")
        return found
    finally:
        await connection.close(timeout=5)


async def _partitions(database: str) -> int | None:
    """The number of partitions that the log keeps, or nothing where the database holds no log."""
    connection = await asyncpg.connect(database, timeout=10, command_timeout=10)
    try:
        if await connection.fetchval("select to_regclass('log')") is None:
            return None
        found: int = await connection.fetchval("select partitions from log")
        return found
    finally:
        await connection.close(timeout=5)


async def create_databases(server: str, services: Sequence[str]) -> None:
    """Creates the databases that are missing; one migrator at a time, because they share the template."""
    connection = await _maintenance(server)
    try:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        there = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for name in [f"makewhole_{service}" for service in services]:
            if name not in there:
                await connection.execute(f'create database "{name}"')
    finally:
        await connection.close(timeout=5)


async def _maintenance(server: str) -> "asyncpg.Connection[asyncpg.Record]":
    names = dict.fromkeys((urlsplit(server).path.strip("/") or "postgres", "postgres"))
    for name in names:
        try:
            return await asyncpg.connect(server, database=name, timeout=10, command_timeout=LIMIT)
        except asyncpg.InvalidCatalogNameError:
            continue
    raise ConnectionError(f"the server has none of the databases {', '.join(names)} to connect to")
