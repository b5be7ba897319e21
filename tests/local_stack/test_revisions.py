"""Revisions of a state folder's data: what was made by another text of a migration is refused before a query fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.report import StackError
from local_stack.revisions import guard_revisions, keep_revisions
from local_stack.state import wipe

FIRST = "dispute/versions/0001_tables.py"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A folder of migrations with one revision."""
    return with_revision(tmp_path / "migrations", FIRST, "create table a ();")


@pytest.fixture
def state(tmp_path: Path, migrations: Path) -> Path:
    """A state folder whose data that revision has made."""
    state = tmp_path / "state"
    state.mkdir()
    keep_revisions(state, migrations)
    return state


def with_revision(migrations: Path, name: str, text: str) -> Path:
    (migrations / name).parent.mkdir(parents=True, exist_ok=True)
    (migrations / name).write_text(text)
    return migrations


def test_data_of_the_same_revisions_and_of_a_new_folder_is_taken(state: Path, migrations: Path, tmp_path: Path) -> None:
    guard_revisions(state, migrations)
    guard_revisions(tmp_path, migrations)


def test_another_revision_may_follow(state: Path, migrations: Path) -> None:
    with_revision(migrations, "dispute/versions/0002_more.py", "create table b ();")
    guard_revisions(state, migrations)


def test_a_revision_that_reads_otherwise_is_named_with_the_way_out(state: Path, migrations: Path) -> None:
    with_revision(migrations, FIRST, "create table a (b int);")
    with pytest.raises(StackError, match=f"an earlier {FIRST}: forget it with FRESH=1"):
        guard_revisions(state, migrations)
    wipe(state)
    guard_revisions(state, migrations)


def test_the_functions_of_the_log_are_part_of_it(state: Path, migrations: Path) -> None:
    with_revision(migrations, "event_store/append.sql", "select 1")
    keep_revisions(state, migrations)
    with_revision(migrations, "event_store/append.sql", "select 2")
    with pytest.raises(StackError, match="event_store/append.sql"):
        guard_revisions(state, migrations)
