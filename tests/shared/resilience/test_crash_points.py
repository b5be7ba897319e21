"""Crash points: a process that dies at a named place, once; and what an append leaves behind at its two."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shared.eventstore.store import open_store
from shared.process.addresses import PROJECT
from shared.resilience import crash_points
from tests.support.servers.stack import LIMIT
from tests.support.toys.counter import deadlines, decode, encode

Migrated = Callable[[str], Awaitable[str]]

APPEND = """
import asyncio, pathlib, sys
from shared.resilience import crash_points
from shared.eventstore.store import open_store
from tests.support.toys.counter import *

async def main(dsn, plan, state):
    crash_points.arm(plan, pathlib.Path(state))
    async with open_store(dsn, deadlines=deadlines, encode=encode, decode=decode) as store:
        for number in range(3):
            await store.append([write(f"counter-{number}", 0, counted(number))], cause(number))

asyncio.run(main(*sys.argv[1:]))
"""


async def appended(dsn: str, plan: str, state: Path) -> int | None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", APPEND, dsn, plan, str(state), cwd=PROJECT)
    return await asyncio.wait_for(process.wait(), LIMIT)


@pytest.mark.parametrize(("point", "recorded"), [(crash_points.BEFORE_COMMIT, 1), (crash_points.AFTER_COMMIT, 2)])
async def test_an_append_cut_off_is_recorded_once_in_the_end(
    migrated: Migrated, tmp_path: Path, point: str, recorded: int
) -> None:
    dsn = await migrated("dispute")
    async with open_store(dsn, deadlines=deadlines, encode=encode, decode=decode) as store:
        assert await appended(dsn, f"{point}:2", tmp_path) == -signal.SIGKILL
        assert (tmp_path / "crashed").read_text() == f"{point}:2\n"
        assert await store.head() == recorded
        assert await appended(dsn, f"{point}:2", tmp_path) == 0
        assert [row.position for row in await store.read_all(0, 10)] == [1, 2, 3]


def test_the_points_of_an_append_are_known_by_name() -> None:
    assert {"append.before_commit", "append.after_commit"} <= set(crash_points.POINTS)


def test_a_process_without_a_plan_passes(tmp_path: Path) -> None:
    crash_points.arm("", tmp_path)
    crash_points.point(crash_points.BEFORE_COMMIT)
    assert not (tmp_path / "crashed").exists()


def test_a_plan_names_points_that_exist(tmp_path: Path) -> None:
    crash_points.arm("append.before_comit:1", tmp_path)
    with pytest.raises(LookupError, match="append.before_comit"):
        crash_points.point("append.before_comit")
    crash_points.arm("")
