"""An attribute that stands twice in a record: no reader takes the first for it, or the last."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ops.audit.kafka import record_of
from shared.events.codec import from_headers
from shared.kafka.record_position import RecordPosition, Strange
from shared.kafka.records import Record
from shared.subscriptions.foreign_topic import foreign_recorded
from tests.support.toys.marks import mark

TRUE = Record(
    "dispute.events",
    0,
    7,
    b"o1",
    (
        ("ce_logid", b"11111111-1111-1111-1111-111111111111"),
        ("ce_partitionkey", b"o1"),
        ("ce_subject", b"order-o1"),
        ("ce_position", b"3"),
        ("ce_previous", b"2"),
    ),
    b"{}",
)
TWICE = replace(TRUE, headers=(*TRUE.headers, ("ce_position", b"4"), ("ce_previous", b"3")))


def test_an_attribute_that_stands_twice_is_malformed_to_followers_and_readers() -> None:
    """Given a copy of a record with position and predecessor appended once more, when a follower takes it, then it is
    malformed; the codec and a foreign topic's reader refuse it too.
    """
    with pytest.raises(Strange, match="malformed: .*ce_position stands twice"):
        RecordPosition.of(TWICE)
    with pytest.raises(ValueError, match="ce_position stands twice"):
        from_headers(TWICE.headers, TWICE.value)
    with pytest.raises(ValueError, match="ce_position stands twice"):
        foreign_recorded(TWICE, mark("a"))


def test_an_attribute_that_stands_twice_makes_a_record_a_strangers_to_the_audit() -> None:
    """Given the same record, when the audit reads it, then it is of no log of ours, as a follower has it."""
    raw = {"partition": 0, "offset": 7, "key": b"o1", "value": b"{}"}
    assert record_of(SimpleNamespace(**raw, headers=TRUE.headers)).position == 3
    assert record_of(SimpleNamespace(**raw, headers=TWICE.headers)).headers == {}


def test_what_a_mirror_writes_twice_is_passed_over() -> None:
    """Given a header of another system that stands twice, when the record is read, then it is as true as before."""
    mirrored = replace(TRUE, headers=(*TRUE.headers, ("mirror-id", b"a"), ("mirror-id", b"\xff")))
    assert RecordPosition.of(mirrored).position == 3
    raw = SimpleNamespace(partition=0, offset=7, key=b"o1", value=b"{}", headers=mirrored.headers)
    assert record_of(raw).position == 3
