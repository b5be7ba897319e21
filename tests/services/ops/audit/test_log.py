"""Log: a sound one passes; holes, gaps, second keys, repeated commands and lost acknowledgements are caught."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.audit.check import Check
from ops.audit.entry import Entry
from ops.audit.log import JournalCheck, LogCheck, StreamOrder, journal
from shared.events.order import OrderCarrierLost
from tests.support.audit import AT, entry_of, found

LOST = OrderCarrierLost(order_id="o1", lost_at=AT)
LOG = [entry_of(LOST, n, "order-o1", n) for n in (1, 2, 3)]


def log_check(entries: Sequence[Entry]) -> Check:
    log = LogCheck("dispute")
    for each in entries:
        log.place(each.position)
    order = StreamOrder(log.check)
    for each in entries:
        order.add(each)
    return log.check


def test_a_sound_log_has_no_fault_and_its_line_counts() -> None:
    check = log_check(LOG)
    assert found(check) == {}
    assert check.line.split()[:4] == ["log", "dispute", "events=3", "streams=1"]


@pytest.mark.parametrize(
    ("entries", "faults"),
    [
        ([LOG[0], replace(LOG[1], position=3)], {"holes": 1}),
        ([replace(LOG[0], position=2)], {"holes": 1}),
        ([LOG[0], replace(LOG[1], version=3)], {"gaps": 1}),
        ([LOG[0], replace(LOG[1], version=1)], {"gaps": 1}),
        ([LOG[0], replace(LOG[1], key="o9")], {"rekeyed": 1}),
        ([LOG[0], replace(LOG[1], recorded_at=AT.replace(year=1999))], {}),
        ([replace(LOG[0], position=2), replace(LOG[1], position=1)], {"holes": 2, "disordered": 1}),
        ([LOG[0], replace(LOG[1], position=1)], {"holes": 1, "disordered": 1}),
        ([LOG[0], LOG[1], replace(LOG[2], metadata=LOG[0].metadata)], {"twice": 1}),
        ([LOG[0], replace(LOG[1], metadata=LOG[0].metadata), LOG[2]], {}),
    ],
)
def test_a_log_that_is_not_in_order_is_caught(entries: list[Entry], faults: dict[str, int]) -> None:
    assert found(log_check(entries)) == faults


def journal_check(acks: list[dict[str, Any]], service: str = "dispute") -> Check:
    check = JournalCheck(acks, service)
    for position in (1, 2, 3, 4):
        check.place(position, f"command-{position}")
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
    with pytest.raises(ValueError, match="line 2 of the journal .*/journal"):
        journal(path)
    path.write_text("root:x:0:0\n")
    with pytest.raises(ValueError, match="line 1 of the journal .*/journal.* is no JSON"):
        journal(path)
