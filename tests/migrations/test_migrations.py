"""The databases' histories: one line each, run once however many migrators come, and equal to what the code
believes.
"""

from __future__ import annotations

import ast
import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import IntegrityError

from local_stack.state import PROJECT
from migrations import SERVICES, migrate, migrate_all
from migrations.event_store import statements
from migrations.migrator import OtherPartitions
from migrations.upgrade import upgrade
from shared.events.logs import PARTITIONS
from tests.cases.plugin import Came
from tests.support.servers.stack import eventually
from tests.support.toys.marks import as_owner

Migrated = Callable[[str], Awaitable[str]]
MACHINES = ("dispute", "refund", "return_label")
FOLDER = PROJECT / "migrations"


async def fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def test_a_second_migration_finds_nothing_to_do(migrated: Migrated) -> None:
    dsn = await migrated("refund")
    before = await fetch(dsn, "select log_id from log")
    await migrate("refund", dsn, PARTITIONS)
    assert await fetch(dsn, "select log_id from log") == before


@pytest.mark.case(
    "EL9", given="an older release starts on a database one revision further", right="it starts, nothing changed"
)
async def test_a_database_of_a_newer_release_is_left_as_it_is(migrated: Migrated, came: Came) -> None:
    dsn = await migrated("dispute")
    await as_owner(dsn, "update alembic_version set version_num = '9999'")
    await migrate("dispute", dsn, PARTITIONS)
    (row,) = await fetch(dsn, "select version_num from alembic_version")
    came("it starts, nothing changed" if row["version_num"] == "9999" else row["version_num"])


NEXT = """
from alembic import op

revision = "9999"
down_revision = "0002"

def upgrade():
    op.execute("alter table events add column note text")
"""
WAITING = "select from pg_locks where not granted"


@pytest.mark.case(
    "EL9+1", given="a revision wants a table that an audit reads", right="others read on, then it is migrated"
)
async def test_a_revision_that_finds_a_table_locked_gives_way_and_comes_again(
    migrated: Migrated, tmp_path: Path, came: Came
) -> None:
    """What waits for a lock holds up all who ask for the table after it."""
    dsn = await migrated("dispute")
    shutil.copy(FOLDER / "env.py", tmp_path)
    shutil.copytree(FOLDER / "dispute", tmp_path / "dispute")
    (tmp_path / "dispute" / "versions" / "9999_note.py").write_text(NEXT)
    audit = await asyncpg.connect(dsn)
    snapshot = audit.transaction()
    await snapshot.start()
    await audit.fetch("select from events")
    upgrading = asyncio.create_task(upgrade(tmp_path, "dispute", dsn, PARTITIONS, 7_003))

    async def waits() -> bool:
        return bool(await fetch(dsn, WAITING))

    await eventually(waits)
    await fetch(dsn, "select from events")
    assert not upgrading.done()
    await snapshot.rollback()
    await audit.close()
    await upgrading
    came("others read on, then it is migrated" if await fetch(dsn, "select note from events limit 0") == [] else "")


async def test_two_migrators_at_once_do_the_work_once(empty_database: str) -> None:
    async def migrator() -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            MIGRATE,
            empty_database,
            cwd=PROJECT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    assert tuple(await asyncio.gather(migrator(), migrator())) == ((0, ""), (0, ""))
    assert [tuple(row) for row in await fetch(empty_database, "select count(*) from log")] == [(1,)]


MIGRATE = "import asyncio, sys, migrations; asyncio.run(migrations.migrate('dispute', sys.argv[1], 12))"


async def test_missing_databases_are_made_and_all_are_migrated(postgres_url: str) -> None:
    await asyncio.gather(migrate_all(postgres_url, PARTITIONS), migrate_all(postgres_url, PARTITIONS))
    for service in SERVICES:
        versions = await fetch(f"{postgres_url}/makewhole_{service}", "select version_num from alembic_version")
        assert len(versions) == 1
    logs = {str(await fetch(f"{postgres_url}/makewhole_{service}", "select log_id from log")) for service in MACHINES}
    assert len(logs) == len(MACHINES)


async def test_an_unknown_service_is_refused(empty_database: str) -> None:
    with pytest.raises(ValueError, match="no such service: orders"):
        await migrate("orders", empty_database, PARTITIONS)


async def test_a_log_keeps_the_number_of_partitions_that_it_was_made_for(empty_database: str) -> None:
    await migrate("dispute", empty_database, 96)
    with pytest.raises(OtherPartitions, match="MAKEWHOLE_PARTITIONS=96"):
        await migrate("dispute", empty_database, 12)
    assert [tuple(row) for row in await fetch(empty_database, "select partitions from log")] == [(96,)]


@pytest.mark.parametrize("partitions", [0, -12, 5, 4096])
async def test_no_log_is_made_for_partitions_that_hold_parts_of_slots(empty_database: str, partitions: int) -> None:
    with pytest.raises(IntegrityError, match="log_partitions_hold_whole_slots"):
        await migrate("dispute", empty_database, partitions)


@pytest.mark.parametrize("service", SERVICES)
def test_each_history_is_one_line_that_begins_with_its_own_first_revision(service: str) -> None:
    revisions = sorted(path.name.partition("_")[0] for path in (FOLDER / service / "versions").glob("*.py"))
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_migrations_never_import_the_application(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & {"shared", "dispute", "refund", "return_label", "sandbox", "console", "ops", "local_stack"}


def test_a_script_is_cut_at_the_ends_of_its_statements() -> None:
    script = "create table a (b text);\ncreate function f() as $$\nbegin\n  x;\nend $$;\ndo $$ begin y; end $$;\n"
    assert statements(script) == [
        "create table a (b text);",
        "create function f() as $$\nbegin\n  x;\nend $$;",
        "do $$ begin y; end $$;",
    ]
