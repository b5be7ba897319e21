"""The audit on data sets that are corrupted one by one: each is caught by the check that is named for it, and sound
ones by none.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.audit.check import Check, Report
from ops.audit.entry import Entry, Published, fingerprint
from ops.audit.log import JournalCheck, LogCheck, journal
from ops.audit.topic import TopicCheck
from shared.events import codec
from shared.events.order import OrderCancelled, OrderCarrierLost
from shared.events.slot import slot_of

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
LOG_ID = "11111111-1111-1111-1111-111111111111"


def entry(
    position: int, stream: str = "order-o1", version: int | None = None, key: str = "o1", **changes: Any
) -> Entry:
    event = OrderCarrierLost(order_id="o1", lost_at=AT + timedelta(days=position))
    name, data = codec.encode(event)
    metadata = {
        "at": AT.isoformat(),
        "command_id": f"command-{position}",
        "request_hash": "",
        "actor": "shop",
        "correlation": "c",
    }
    whole = Entry(position, stream, version or position, key, name, data.decode(), metadata)
    return replace(whole, **changes)


LOG = [entry(1), entry(2), entry(3, "order-o2", 1, "o2"), entry(4, version=3)]


def found(check: Check) -> dict[str, int]:
    """The faults that are not zero."""
    return {name: count for name, count in check.faults.items() if count}


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


def published(source: Entry, **changes: Any) -> Published:
    print_ = fingerprint(source.type, source.data)
    record = Published(slot_of(source.key) % 12, source.key.encode(), source.id, source.position, LOG_ID, print_)
    return replace(record, **changes)


def topic_check(records: Sequence[Published], relayed: int = 4) -> Check:
    check = TopicCheck("dispute", LOG_ID, relayed, 12)
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


def test_a_report_is_good_while_every_fault_is_zero_and_keeps_a_few_examples() -> None:
    check = Check.of("money", "lost")
    check.see("coins", 7)
    assert Report([check]).ok
    for coin in range(9):
        check.fault("lost", coin)
    report = Report([check])
    assert not report.ok
    assert report.lines == [f"{'money':<28} coins=7 lost=9"]
    assert check.examples == [f"lost: {coin}" for coin in range(5)]
    assert report.json["checks"][0]["faults"] == {"lost": 9}
