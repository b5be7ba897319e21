"""Brings databases to their newest revision: all in one process, safe against a second migrator, quick where there is nothing to do."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

SERVICES = ("dispute", "refund", "return_label", "sandbox")
HERE = Path(__file__).parent
# Held on the database while its revisions run, and on the server's own database while databases are made.
MIGRATION_LOCK = 7_003
LIMIT = 60.0

# Alembic's `op` and `context` are global to the process: two upgrades at once would write into each other's database.
_one_at_a_time = asyncio.Lock()


async def migrate_all(server: str, services: Sequence[str] = SERVICES) -> None:
    """Creates what databases are missing on the server and brings each to its newest revision."""
    await create_databases(server, services)
    for service in services:
        await migrate(service, dsn(server, service))


async def migrate(service: str, database: str) -> None:
    """Brings the database at this address to the newest revision of the service's history."""
    engine = create_async_engine(_driver_url(database), poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with _one_at_a_time, asyncio.timeout(LIMIT), engine.connect() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def dsn(server: str, service: str) -> str:
    """The address of a service's database on the server; a database named in `server` is replaced."""
    return make_url(server).set(database=f"makewhole_{service}").render_as_string(hide_password=False)


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
    url = make_url(server).set(drivername="postgresql")
    names = dict.fromkeys((url.database or "postgres", "postgres"))
    for name in names:
        try:
            return await asyncpg.connect(url.set(database=name).render_as_string(hide_password=False), timeout=10, command_timeout=LIMIT)
        except asyncpg.InvalidCatalogNameError:
            continue
    raise ConnectionError(f"the server has none of the databases {', '.join(names)} to connect to")


def _driver_url(address: str) -> URL:
    return make_url(address).set(drivername="postgresql+asyncpg")


def _upgrade(connection: Connection, service: str) -> None:
    config = _config(service)
    # The lock is the session's, not the transaction's: it must outlast Alembic's commit.
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()
    if set(MigrationContext.configure(connection).get_current_heads()) == set(ScriptDirectory.from_config(config).get_heads()):
        return
    connection.commit()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config(service: str) -> Config:
    if service not in SERVICES:
        raise ValueError(f"no such service: {service} (there are {', '.join(SERVICES)})")
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(HERE / service / "versions"))
    return config
