"""Databases: one for each service, created and migrated on the server."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from urllib.parse import urlsplit

import asyncpg

from local_stack.report import StackError
from shared.events.logs import LOGS, PARTITIONS
from shared.process.addresses import database_name, database_url, login_name

SERVICES = (*LOGS, "sandbox")
"""Those with a database of their own."""
APPLICATION = "makewhole_app"
"""What migrations let a service do."""


async def ensure_databases(server_url: str, services: Sequence[str] = SERVICES) -> None:
    """Creates the missing databases."""
    connection = await _connect(server_url)
    try:
        existing = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for name in map(database_name, services):
            if name not in existing:
                await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


async def ensure_logins(server_url: str, known: Mapping[str, str], services: Sequence[str] = SERVICES) -> None:
    """Gives each service a login that owns nothing and reaches its own database alone."""
    connection = await _connect(server_url)
    try:
        if not await connection.fetchval("select 1 from pg_roles where rolname = $1", APPLICATION):
            await connection.execute(f"create role {APPLICATION} nologin")
        for service in services:
            login, database = login_name(service), database_name(service)
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", login):
                await connection.execute(f'create role "{login}" login')
            await connection.execute(
                f"""
                alter role "{login}" password '{known[login]}' nosuperuser nocreatedb nocreaterole;
                grant {APPLICATION} to "{login}";
                revoke all on database "{database}" from public;
                grant connect on database "{database}" to "{login}";
                """
            )
    finally:
        await connection.close()


async def migrate_apart(server_url: str, partitions: int) -> None:
    """The same as `migrate_all`, in a process that ends: what migrates would stay in memory for as long as the stack
    runs.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        await asyncio.get_running_loop().run_in_executor(apart, _migrated, server_url, partitions)


def _migrated(server_url: str, partitions: int) -> None:
    asyncio.run(migrate_all(server_url, partitions))


async def migrate_all(server_url: str, partitions: int, services: Sequence[str] = SERVICES) -> None:
    """Brings every service's database up to date, one after the other: the tool behind it keeps its state in
    globals.
    """
    for service in services:
        await migrate(service, database_url(server_url, database_name(service)), partitions)


async def migrate(service: str, url: str, partitions: int = PARTITIONS) -> None:
    """Brings one database up to date; the only place that knows how migrations are called."""
    # In a thread, because the import takes most of a second.
    migrator = await asyncio.to_thread(import_module, "migrations.migrator")
    try:
        await migrator.migrate(service, url, partitions)
    except Exception as error:  # whatever a revision runs into; the log of the server has the rest
        raise StackError(
            f"the migration of {service} failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error


async def _connect(server_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    for database in (urlsplit(server_url).path.strip("/") or "postgres", "template1"):
        try:
            return await asyncpg.connect(server_url, database=database, timeout=10)
        except asyncpg.InvalidCatalogNameError:
            continue
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise StackError(
                f"no PostgreSQL answers at {_host_and_port(server_url)} ({str(error) or type(error).__name__}): check "
                f"MAKEWHOLE_DATABASE_URL"
            ) from None
    raise StackError(
        f"PostgreSQL at {_host_and_port(server_url)} has no database to connect to: name one in MAKEWHOLE_DATABASE_URL"
    )


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"
