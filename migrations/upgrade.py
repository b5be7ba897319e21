"""The part of a migration that needs Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


async def upgrade(folder: Path, service: str, database: str, partitions: int, lock: int) -> None:
    """Runs the revisions that the database lacks, in one transaction, while nobody else does."""
    engine = create_async_engine(
        make_url(database).set(drivername="postgresql+asyncpg"), poolclass=NullPool, connect_args={"timeout": 10}
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, _config(folder, service, partitions), lock)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config, lock: int) -> None:
    # The lock is the session's, not the transaction's: it must outlast Alembic's commit. Alembic looks again at what is
    # missing.
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": lock})
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
