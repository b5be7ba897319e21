"""Topic = log: a topic that repeats its suffix passes, and one that differs from the log by a byte is caught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ops.audit.check import Check
from ops.audit.followers import quarantine_check
from ops.audit.topic import Log, Record, TopicCheck, expected_headers
from shared.events.slot import slot_of
from shared.kafka.signatures import SIGNATURE, LogKeys
from tests.support.audit import found

LOG_ID, FORMER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
SOURCE = "/makewhole/dispute"


def row(position: int, key: str = "o1", version: int | None = None) -> dict[str, Any]:
    return {
        "position": position,
        "stream": f"order-{key}",
        "version": version or position,
        "key": key,
        "type": "makewhole.OrderCarrierLost.v1",
        "data": f'{{"order_id": "{key}", "lost_at": "2026-03-0{position}T10:00:00.000000Z"}}',
        "metadata": '{"at": "2026-03-02T10:00:00.000000Z", "actor": "shop", "command_id": "c", "request_hash": "x"}',
    }


ROWS = [row(1), row(2), row(3, "o2", 1), row(4, version=3)]


def published(source: dict[str, Any], **changes: Any) -> Record:
    headers = {name: value.encode() for name, value in expected_headers(source, SOURCE).items()}
    headers |= {"ce_logid": LOG_ID.encode(), **changes.pop("headers", {})}
    partition = slot_of(source["key"]) % 12
    record = Record(partition, source["position"], source["key"].encode(), source["data"].encode(), headers)
    return replace(record, **changes)


def topic_check(records: Sequence[Record], relayed: int = 4, lineage: str = "") -> Check:
    check = TopicCheck("dispute", Log(LOG_ID, 12, lineage, SOURCE), 4, relayed)
    check.add(records, {each["position"]: each for each in ROWS})
    return check.result()


TOPIC = [published(each) for each in ROWS]


def test_a_topic_that_repeats_its_suffix_is_sound_and_the_repeats_are_counted() -> None:
    check = topic_check([*TOPIC, *TOPIC[2:]])
    assert found(check) == {}
    assert check.seen == {"events": 4, "records": 6, "repeated": 2}


def test_records_of_another_log_and_newer_ones_are_no_fault() -> None:
    check = topic_check([published(ROWS[0], headers={"ce_logid": b"other"}), *TOPIC, published(row(5))])
    assert found(check) == {}
    assert (check.seen["of_other_logs"], check.seen["newer"]) == (1, 1)


def test_what_a_former_life_published_counts_as_far_as_the_log_shares_it() -> None:
    former = {"headers": {"ce_logid": FORMER.encode()}}
    lost = published(ROWS[3], value=b'{"of": "the former life"}', **former)
    check = topic_check([*(published(each, **former) for each in ROWS[:3]), lost, TOPIC[3]], lineage=f"{FORMER}@3")
    assert found(check) == {}
    assert check.seen == {"events": 4, "records": 5, "repeated": 0, "of_other_logs": 1}


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        (TOPIC[:-1], {"missing": 1}),
        ([*TOPIC, published(ROWS[0], headers={"ce_id": b"order-o1/99"})], {"extra": 1}),
        ([TOPIC[1], TOPIC[0], *TOPIC[2:]], {"disordered": 1}),
        ([replace(TOPIC[0], key=b"o2"), *TOPIC[1:]], {"misplaced": 1}),
        ([replace(TOPIC[0], key=None), *TOPIC[1:]], {"misplaced": 1}),
        ([*TOPIC[:2], replace(TOPIC[2], partition=(TOPIC[2].partition + 1) % 12), TOPIC[3]], {"misplaced": 1}),
        ([published(ROWS[0], value=b"{}"), *TOPIC[1:]], {"different": 1}),
        ([*TOPIC, published(ROWS[0], value=b"{}")], {"different": 1}),
        ([published(ROWS[0], headers={"ce_actor": b"eve"}), *TOPIC[1:]], {"different": 1}),
        ([published(ROWS[0], headers={"ce_type": b"makewhole.OrderCarrierLost.v2"}), *TOPIC[1:]], {"different": 1}),
    ],
)
def test_a_topic_that_is_not_the_log_is_caught(records: list[Record], faults: dict[str, int]) -> None:
    assert found(topic_check(records)) == faults


@pytest.mark.case(
    "EH1+7", given="an event whose record lacks a member that this version does not know", right="different"
)
def test_a_member_that_this_version_does_not_know_is_missed_in_the_topic(came: Any) -> None:
    newer = {**ROWS[0], "data": ROWS[0]["data"].replace("}", ', "by": "sea"}')}
    check = TopicCheck("dispute", Log(LOG_ID, 12, "", SOURCE), 1, 1)
    check.add([TOPIC[0]], {1: newer})
    assert found(check.result()) == {"different": 1}
    came("different")


@pytest.mark.parametrize(
    "value",
    [b'{"lost_at": "2026-03-01T10:00:00.000000Z", "order_id": "o1"}', b'{"order_id":"o1","lost_at":"x"}', b""],
)
def test_the_same_json_in_other_bytes_is_another_record(value: bytes) -> None:
    assert found(topic_check([published(ROWS[0], value=value), *TOPIC[1:]])) == {"different": 1}


def test_what_the_relay_has_not_published_yet_waits_and_is_not_missing() -> None:
    assert found(topic_check(TOPIC[:3], relayed=3)) == {"waiting": 1}


def test_where_records_are_signed_a_strangers_is_no_event_of_the_log() -> None:
    """Signed by the application's own code, read by the audit's."""
    keys = {"k1": b"1" * 32}

    def signed(record: Record) -> Record:
        attributes = {name: text for name, text in record.headers.items() if name != SIGNATURE}
        signature = LogKeys(keys).sign(record.partition, attributes, record.key or b"", record.value)
        return replace(record, headers=attributes | {SIGNATURE: signature})

    check = TopicCheck("dispute", Log(LOG_ID, 12, "", SOURCE, keys), 4, 4)
    forged = published(row(4, version=9), headers={SIGNATURE: b"k1:00"})
    records = [
        *map(signed, TOPIC),
        forged,
        published(ROWS[0]),
        published(row(4, version=8), headers={SIGNATURE: b"\xff"}),
    ]
    check.add(records, {each["position"]: each for each in ROWS})
    assert found(check.result()) == {}
    assert check.check.seen["unsigned"] == 3


def test_a_signature_that_is_no_ascii_is_a_strangers() -> None:
    """Given a record at a position of ours, when it is signed with a true key's name and a letter é, then it counts as
    unsigned, and the audit goes on.
    """
    check = TopicCheck("dispute", Log(LOG_ID, 12, "", SOURCE, {"k1": b"1" * 32}), 0, 0)
    check.add([published(ROWS[0], headers={SIGNATURE: "k1:é".encode()})], {1: ROWS[0]})
    assert found(check.result()) == {}
    assert check.check.seen["unsigned"] == 1


def test_a_record_of_the_log_that_a_follower_has_quarantined_is_a_loss_and_a_stranger_s_is_not() -> None:
    watched = {(record.partition, record.offset) for record in TOPIC[:1]} | {(5, 99)}
    check = TopicCheck("dispute", Log(LOG_ID, 12, "", SOURCE), 4, 4, watched)
    check.add(TOPIC, {each["position"]: each for each in ROWS})
    places = [{"topic": "t", "partition": partition, "record_offset": offset} for partition, offset in watched]
    rows = [{**place, "subscription": "disputes", "reason": "far"} for place in places]
    quarantine = quarantine_check(rows, {("t", *place) for place in check.own})
    assert (found(quarantine), quarantine.seen) == ({"own": 1}, {"strangers": 1})
