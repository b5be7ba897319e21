"""Log: a sound one passes; holes, gaps, second keys and lost acknowledgements are caught."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.audit.check import Check
from ops.audit.entry import Entry
from ops.audit.log import JournalCheck, LogCheck, journal
from tests.support.audit import LOG, found


def log_check(entries: Sequence[Entry]) -> Check:
    check = LogCheck("dispute")
    for each in entries:
        check.add(each)
    return check.result()


def test_a_sound_log_has_no_fault_and_its_line_counts() -> None:
    check = log_check(LOG)
    assert found(check) == {}
    assert check.line.split() == [
        "log",
        "dispute",
        "events=4",
        "streams=2",
        "holes=0",
        "gaps=0",
        "rekeyed=0",
        "unreadable=0",
    ]


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([LOG[0], LOG[1], LOG[3]], "holes"),
        (LOG[1:], "holes"),
        ([LOG[0], LOG[1], replace(LOG[2], position=2)], "holes"),
        ([LOG[0], replace(LOG[1], version=3)], "gaps"),
        ([LOG[0], replace(LOG[1], version=1)], "gaps"),
        ([replace(LOG[0], version=2), replace(LOG[1], version=1)], "gaps"),
        ([LOG[0], replace(LOG[1], key="o9")], "rekeyed"),
    ],
)
def test_a_log_with_a_hole_a_gap_or_a_second_key_is_caught(entries: list[Entry], fault: str) -> None:
    assert fault in found(log_check(entries))


def journal_check(acks: list[dict[str, Any]], service: str = "dispute") -> Check:
    check = JournalCheck(acks, service)
    for each in LOG:
        check.add(each)
    return check.result()


@pytest.mark.parametrize(
    ("acks", "faults"),
    [
        ([], {}),
        ([{"service": "dispute", "position": "0.4", "command_id": "command-4"}] * 2, {}),
        ([{"service": "dispute", "position": "0.4"}, {"service": "refund", "position": "0.77"}], {}),
        ([{"service": "dispute", "position": "0.5"}], {"lost": 1}),
        ([{"service": "dispute", "position": "0.4", "command_id": "command-9"}], {"others": 1}),
        ([{"service": "dispute", "position": "0.4", "command_id": f"command-{n}"} for n in (4, 9)], {"twice": 1}),
    ],
)
def test_every_acknowledged_command_is_in_the_log_once(acks: list[dict[str, Any]], faults: dict[str, int]) -> None:
    assert found(journal_check(acks)) == faults


def test_a_journal_is_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text('{"service": "dispute", "position": "0.1"}\n\n{"service": "refund", "position": "0.2"}\n')
    assert [ack["position"] for ack in journal(path)] == ["0.1", "0.2"]
    path.write_text('{"service": "dispute", "position": "0.1"}\n{"position": "0.2"}\n')
    with pytest.raises(ValueError, match="line 2"):
        journal(path)
