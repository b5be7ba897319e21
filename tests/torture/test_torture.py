"""A short run of the torture; `python -m tests.torture.__main__ --appends 10000` is the long one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.torture.__main__ import Torture
from tests.torture.audit import command_faults, content_faults, order_faults
from tests.torture.client import command


@pytest.mark.slow
async def test_the_log_stays_whole_under_conflicts_cut_sockets_and_killed_processes(
    migrated: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    report = await Torture(await migrated("dispute"), tmp_path, appends=600, seed=3).run()
    assert report.faults == []
    assert report.told >= 478, "no state refuses these, 150 rivals among them"
    assert report.kills == 4 * 2, "each client twice, as planned"
    assert report.cuts >= 3, "each kind of loss, for each happens within 200 pieces"
    assert report.conflicts > 30, "77 of those are overtaken, less some whose figures died with a client"


def test_the_audit_sees_a_hole_an_inversion_and_a_lost_update() -> None:
    def row(position: int, version: int, total: int) -> dict[str, object]:
        return {
            "position": position,
            "stream": "counter-1",
            "version": version,
            "data": {"amount": 1, "total": total},
        }

    assert order_faults([row(1, 1, 1), row(2, 2, 2)]) == content_faults([row(1, 1, 1), row(2, 2, 2)]) == []
    assert len(order_faults([row(1, 1, 1), row(3, 2, 2)])) == 1
    assert len(order_faults([row(1, 2, 1), row(2, 1, 2)])) == 2
    assert len(content_faults([row(1, 1, 1), row(2, 2, 1)])) == 1


def test_the_audit_sees_what_is_missing_and_what_is_there_twice() -> None:
    asked = next(wanted for n in range(1, 100) if (wanted := command(1, 0, n, 10)).into is None)
    row = {
        "stream": asked.stream,
        "position": 1,
        "data": {"amount": asked.amount},
        "metadata": {"command_id": str(asked.command_id)},
    }
    assert command_faults([row], [(asked, 1)]) == []
    assert len(command_faults([], [(asked, 1)])) == 1
    assert len(command_faults([row, row | {"position": 2}], [(asked, 1)])) == 1
    assert len(command_faults([row], [(asked, None)])) == 1
    assert len(command_faults([row], [])) == 1
