"""The part of a migration that needs Alembic."""

import asyncio
from functools import partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT = "1s"
"""What waits for a table's lock holds up all who come after it, so it gives way soon and tries again."""
LOCK_NOT_AVAILABLE = "55P03"
PAUSE = 1.0


async def upgrade(folder: Path, service: str, database: str, partitions: int, lock: int) -> None:
    """Runs the revisions that the database lacks, in one transaction, while nobody else does.

    Where a table stays locked, all of it is tried again until the caller's time is over.
    """
    # The driver reads the address itself: what it says of TLS and passwords the tool would not understand.
    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=partial(asyncpg.connect, database, timeout=10)
    )
    try:
        while not await _tried(engine, _config(folder, service, partitions), lock):
            await asyncio.sleep(PAUSE)
    finally:
        await engine.dispose()


async def _tried(engine: AsyncEngine, config: Config, lock: int) -> bool:
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, config, lock)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _upgrade(connection: Connection, config: Config, lock: int) -> None:
    # The lock is the session's, not the transaction's: it must outlast Alembic's commit. Alembic looks again at what is
    # missing.
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": lock})
    connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config(folder: Path, service: str, partitions: int) -> Config:
    config = Config()
    config.attributes["partitions"] = partitions
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder / service / "versions"))
    return config
