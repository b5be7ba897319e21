"""Topic = log: a topic that repeats its suffix passes, and one that differs from the log is caught."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ops.audit.check import Check
from ops.audit.entry import Entry, Published, fingerprint
from ops.audit.topic import TopicCheck
from shared.events import codec
from shared.events.order import OrderCancelled
from shared.events.slot import slot_of
from shared.eventstore.log_identity import LogIdentity
from tests.support.audit import AT, LOG, entry, found

LOG_ID = "11111111-1111-1111-1111-111111111111"


def published(source: Entry, **changes: Any) -> Published:
    print_ = fingerprint(source.type, source.data)
    record = Published(slot_of(source.key) % 12, source.key.encode(), source.id, source.position, LOG_ID, print_)
    return replace(record, **changes)


def topic_check(records: Sequence[Published], relayed: int = 4, lineage: str = "") -> Check:
    check = TopicCheck("dispute", LogIdentity(UUID(LOG_ID), 12, lineage), relayed)
    for each in LOG:
        check.add(each)
    for record in records:
        check.publish(record)
    return check.result()


TOPIC = [published(each) for each in LOG]


def test_a_topic_that_repeats_its_suffix_is_sound_and_the_repeats_are_counted() -> None:
    check = topic_check([*TOPIC, *TOPIC[2:]])
    assert found(check) == {}
    assert check.seen == {"events": 4, "records": 6, "repeated": 2}


def test_records_of_another_life_of_the_log_and_newer_ones_are_no_fault() -> None:
    check = topic_check([published(LOG[0], log_id="other"), *TOPIC, published(entry(5))])
    assert found(check) == {}
    assert (check.seen["of_other_logs"], check.seen["newer"]) == (1, 1)


def test_what_a_former_life_published_counts_as_far_as_the_log_shares_it() -> None:
    former = "22222222-2222-2222-2222-222222222222"
    lost = published(replace(LOG[3], data='{"of": "the former life"}'), log_id=former)
    check = topic_check(
        [*(replace(record, log_id=former) for record in TOPIC[:3]), lost, TOPIC[3]], lineage=f"{former}@3"
    )
    assert found(check) == {}
    assert check.seen == {"events": 4, "records": 5, "repeated": 0, "of_other_logs": 1}


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        (TOPIC[:-1], {"missing": 1}),
        ([*TOPIC, replace(TOPIC[0], id="order-o1/99")], {"extra": 1}),
        ([*TOPIC, replace(TOPIC[0], id=None)], {"extra": 1}),
        ([TOPIC[1], TOPIC[0], *TOPIC[2:]], {"disordered": 1}),
        ([replace(TOPIC[0], position=2), *TOPIC[1:]], {"disordered": 2}),
        ([replace(TOPIC[0], key=b"o2"), *TOPIC[1:]], {"misplaced": 1}),
        ([replace(TOPIC[0], key=None), *TOPIC[1:]], {"misplaced": 1}),
        ([*TOPIC[:2], replace(TOPIC[2], partition=(TOPIC[2].partition + 1) % 12), TOPIC[3]], {"misplaced": 1}),
        ([replace(TOPIC[0], print=b"another"), *TOPIC[1:]], {"different": 1}),
    ],
)
def test_a_topic_that_is_not_the_log_is_caught(records: list[Published], faults: dict[str, int]) -> None:
    assert found(topic_check(records)) == faults


def test_what_the_relay_has_not_published_yet_waits_and_is_not_missing() -> None:
    assert found(topic_check(TOPIC[:3], relayed=3)) == {"waiting": 1}


def test_an_event_is_the_same_whatever_the_order_of_its_members() -> None:
    name, data = codec.encode(OrderCancelled(order_id="o1", by="seller", cancelled_at=AT))
    mixed = json.dumps(dict(reversed(json.loads(data).items())), indent=1)
    assert fingerprint(name, data) == fingerprint(name, mixed)
    assert fingerprint(name, data) != fingerprint(name, data.replace(b"}", b',"because":"late"}')), "more than we know"
    assert fingerprint("makewhole.Unheard.v9", '{"b":1,"a":2}') == fingerprint(
        "makewhole.Unheard.v9", b'{"a": 2, "b": 1}'
    )
    assert fingerprint(name, data) != fingerprint(name, data.replace(b"seller", b"buyers"))
