"""The databases on the server, one for each service, and their migrations."""

import asyncio
import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from local_stack.report import StackError
from local_stack.state import PROJECT
from local_stack.tasks import side_by_side

SERVICES = ("dispute", "refund", "return_label", "sandbox")
MIGRATION_LIMIT = 120.0


def database_name(service: str) -> str:
    """The name of a service's database."""
    return f"makewhole_{service}"


def database_url(server_url: str, database: str) -> str:
    """The server's address with the database's name; whatever else it says is kept."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{database}"))


async def ensure_databases(server_url: str, services: Sequence[str] = SERVICES) -> None:
    """Creates the databases that are not there."""
    connection = await _server(server_url)
    try:
        there = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for name in map(database_name, services):
            if name not in there:
                await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


async def migrate_all(server_url: str, services: Sequence[str] = SERVICES) -> None:
    """Brings every service's database up to date, side by side."""
    async with side_by_side() as group:
        for service in services:
            group.create_task(migrate(service, database_url(server_url, database_name(service))))


async def migrate(service: str, url: str) -> None:
    """Brings one database up to date; the only place that knows how migrations are called."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "migrations",
        service,
        url,
        cwd=PROJECT,
        env=os.environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), MIGRATION_LIMIT)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()
        raise StackError(f"the migration of {service} failed: {lines[-1] if lines else f'exit {process.returncode}'}")


async def _server(server_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    for database in (urlsplit(server_url).path.strip("/") or "postgres", "template1"):
        try:
            return await asyncpg.connect(server_url, database=database, timeout=10)
        except asyncpg.InvalidCatalogNameError:
            continue
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise StackError(
                f"no PostgreSQL answers at {_shown(server_url)} ({error or type(error).__name__}): check MAKEWHOLE_DATABASE_URL"
            ) from None
    raise StackError(f"PostgreSQL at {_shown(server_url)} has no database to connect to: name one in MAKEWHOLE_DATABASE_URL")


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"
