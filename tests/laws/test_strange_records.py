"""Laws of strange records: whoever else writes to a topic changes nothing of what is made of it, whatever they write.

What they write is quarantined, once; the partition goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.records import Record
from shared.kafka.signatures import SIGNATURE, LogKeys
from shared.resilience.retry import Halted
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery, Follower, Quarantined
from tests.cases.plugin import Came
from tests.laws.test_delivery import (
    LOG,
    LOGS,
    PARTITIONS,
    Reader,
    events_of,
    partitions_of,
    position,
    straight,
    with_offsets,
)

KEYS = LogKeys({"k1": b"1" * 32})
OTHERS = LogKeys({"k1": b"2" * 32})
OTHER_LOG = UUID(int=2)
FAR = 2**62

Change = Callable[[Record], Record]


def having(record: Record, **headers: bytes | None) -> Record:
    """The record with other headers, without those that are None."""
    return replace(
        record,
        headers=tuple((name, text) for name, text in {**dict(record.headers), **headers}.items() if text is not None),
    )


def signed(record: Record, keys: LogKeys) -> Record:
    attributes = {name: text for name, text in record.headers if name != SIGNATURE}
    return having(record, ce_signature=keys.sign(record.partition, attributes, record.key or b"", record.value))


STRANGE: dict[str, Change] = {
    "of another log": lambda r: having(r, ce_logid=str(OTHER_LOG).encode()),
    "no headers": lambda r: replace(r, headers=()),
    "no key": lambda r: replace(r, key=None),
    "another key": lambda r: replace(r, key=b"another"),
    "a tombstone": lambda r: replace(r, headers=(), value=b""),
    "no log": lambda r: having(r, ce_logid=b"none"),
    "no position": lambda r: having(r, ce_position=None),
    "position of other digits": lambda r: having(r, ce_position="٣".encode()),
    "position with a sign": lambda r: having(r, ce_position=b"+1_0"),
    "a position that no column holds": lambda r: having(r, ce_position=b"9" * 30),
    "before its predecessor": lambda r: having(r, ce_previous=dict(r.headers)["ce_position"]),
    "a stream with a zero byte": lambda r: having(r, ce_subject=b"order-\x00"),
    "a stream in no UTF-8": lambda r: having(r, ce_subject=b"\xff"),
    "a lineage in no UTF-8": lambda r: having(r, ce_logid=str(OTHER_LOG).encode(), ce_loglineage=b"\xff"),
}
FORGED: dict[str, Change] = {
    "far ahead": lambda r: having(r, ce_position=b"%d" % FAR),
    "far ahead, behind one far ahead": lambda r: having(r, ce_position=b"%d" % FAR, ce_previous=b"%d" % (FAR - 1)),
    "another value": lambda r: replace(r, value=b'{"amount": 30}'),
    "garbage for a value": lambda r: replace(r, value=b"\x00\xff"),
    "a descendant": lambda r: having(
        r, ce_logid=str(OTHER_LOG).encode(), ce_loglineage=f"{r.header('ce_logid')}@0".encode(), ce_position=b"%d" % FAR
    ),
    "in another partition": lambda r: replace(r, partition=(r.partition + 1) % 3),
    "another instant": lambda r: having(r, ce_time=b"1970-01-01T00:00:00Z"),
}


@st.composite
def strangers(draw: st.DrawFn, records: Sequence[Record], changes: Sequence[Change]) -> list[Record]:
    """The true records, with strange ones between them that were made of any of them."""
    topic: list[Record] = []
    for record in records:
        for _ in range(draw(st.integers(0, 2))):
            topic.append(draw(st.sampled_from(changes))(draw(st.sampled_from(records))))
        topic.append(record)
    return topic


def goes_on(reader: Reader, topic: Sequence[Record], data: st.DataObject) -> None:
    """Reads it to the end, with restarts that read one record again."""
    at = 0
    while at < len(topic):
        reader.take(topic[at])
        at += 1
        if data.draw(st.booleans()):
            reader.restart()
            at = max(0, reader.marks[topic[0].partition].next_offset - 1)


@given(streams=LOGS, data=st.data())
def test_what_is_no_record_of_the_log_changes_nothing_and_is_quarantined_once(
    streams: Sequence[int], data: st.DataObject
) -> None:
    partitions = partitions_of(events_of(streams))
    reader = Reader(marks={p: Checkpoint(p, LOG) for p in range(PARTITIONS)})
    for at, partition in enumerate(partitions):
        topic = [replace(r, partition=at) for r in data.draw(strangers(partition, list(STRANGE.values())))]
        goes_on(reader, with_offsets(topic), data)
        assert len(reader.quarantined) == len(topic) - len(partition)
        reader.quarantined.clear()
    assert reader.state == straight(partitions)
    assert not any(follower.gap for follower in reader.followers.values())


@given(streams=LOGS, data=st.data())
def test_where_records_are_signed_nothing_that_others_write_is_believed(
    streams: Sequence[int], data: st.DataObject
) -> None:
    partitions = partitions_of(events_of(streams), keys=KEYS)
    reader = Reader(keys=KEYS)
    changes = [*STRANGE.values(), *FORGED.values(), lambda r: signed(having(r, ce_position=b"%d" % FAR), OTHERS)]
    for at, partition in enumerate(partitions):
        topic = data.draw(strangers(partition, changes))
        goes_on(reader, with_offsets([replace(r, partition=at) for r in topic]), data)
    assert reader.state == straight(partitions)
    assert not any(follower.gap for follower in reader.followers.values())


def three(keys: LogKeys | None = None) -> list[Record]:
    """Three records of one partition, at positions 1 to 3."""
    return with_offsets(partitions_of(events_of([0, 0, 0]), keys=keys)[0])


def kinds(records: Sequence[Record], keys: LogKeys | None = None) -> list[str]:
    """What a follower makes of each: its position, why it was quarantined, or that it is known."""
    follower, found = Follower(Checkpoint(0), keys), []
    for record in with_offsets(records):
        taken = follower.take(record)
        if isinstance(taken, Delivery):
            found.append(str(taken.position))
        else:
            found.append(taken.reason.partition(":")[0] if isinstance(taken, Quarantined) else follower.gap or "known")
    return found


@pytest.mark.case("B08e", given="a record of another log between two of ours", right="1, foreign, 2, 3")
def test_a_record_of_another_log_does_not_stop_the_partition(came: Came) -> None:
    one, two, last = three()
    came(", ".join(kinds([one, STRANGE["of another log"](two), two, last])))


@pytest.mark.case("B08e+1", given="the same, signed with the other environment's key", right="1, unsigned, 2, 3")
def test_a_record_that_another_installation_signed_does_not_stop_the_partition(came: Came) -> None:
    one, two, last = three(KEYS)
    came(", ".join(kinds([one, signed(STRANGE["of another log"](two), OTHERS), two, last], KEYS)))


@pytest.mark.case(
    "B08e+2", given="the topic begins with the records of another log, unsigned", right="unsigned, 1, 2, 3"
)
def test_a_topic_that_begins_with_another_logs_records_is_followed_from_the_first_that_is_vouched_for(
    came: Came,
) -> None:
    one, two, last = three(KEYS)
    (stranger, *_) = partitions_of(events_of([0]), OTHER_LOG)[0]
    came(", ".join(kinds([stranger, one, two, last], KEYS)))


@pytest.mark.case("B08c+1", given="ce_subject of the bytes ff between two of ours", right="1, malformed, 2, 3")
def test_a_header_that_is_no_text_does_not_stop_the_partition(came: Came) -> None:
    one, two, last = three()
    came(", ".join(kinds([one, STRANGE["a stream in no UTF-8"](two), two, last])))


@pytest.mark.case("B08a", given="a tombstone and garbage between two of ours", right="1, malformed, malformed, 2, 3")
def test_tombstones_and_garbage_do_not_stop_the_partition(came: Came) -> None:
    one, two, last = three()
    garbage = replace(one, headers=(("ce_id", b"\xff\x00"),), value=b"\x00 not ours \xff")
    came(", ".join(kinds([one, STRANGE["a tombstone"](two), garbage, two, last])))


@pytest.mark.case("B08b", given="a header of another system, no UTF-8, on a true record", right="1, 2, 3")
def test_what_a_mirror_adds_to_a_record_is_passed_over(came: Came) -> None:
    one, two, last = three(KEYS)
    mirrored = replace(two, headers=(("mirror-id", b"\xff\xfe"), *reversed(two.headers)))
    assert isinstance(Follower(Checkpoint(0), KEYS).take(one), Delivery)
    came(", ".join(kinds([one, mirrored, last], KEYS)))


@pytest.mark.case("H2", given="position 2^62 behind 1, which was followed by 2", right="1, 2, far, 3")
def test_a_far_record_behind_a_known_one_moves_nothing(came: Came) -> None:
    one, two, last = three()
    came(", ".join(kinds([one, two, FORGED["far ahead"](two), last])))


@pytest.mark.case("H2+1", given="position 2^62 behind 2, the last one, unsigned", right="1, 2, unsigned, 3")
def test_a_far_record_behind_the_last_one_is_not_believed_without_a_signature(came: Came) -> None:
    one, two, last = three(KEYS)
    came(", ".join(kinds([one, two, having(last, ce_position=b"%d" % FAR), last], KEYS)))


@pytest.mark.case("H2+2", given="position 2^62 behind 2^62 - 1, unsigned", right="1, unsigned, 2, 3")
def test_a_record_behind_one_that_nobody_wrote_holds_no_partition(came: Came) -> None:
    one, two, last = three(KEYS)
    came(", ".join(kinds([one, FORGED["far ahead, behind one far ahead"](two), two, last], KEYS)))


@pytest.mark.case("H2+3", given="position 9…9 (30 digits)", right="1, malformed, 2, 3")
def test_a_position_that_no_column_holds_ends_nobody(came: Came) -> None:
    one, two, last = three()
    came(", ".join(kinds([one, STRANGE["a position that no column holds"](two), two, last])))


def test_two_events_behind_the_same_one_are_not_both_believed_where_nothing_is_signed() -> None:
    one, two, last = three()
    follower = Follower(Checkpoint(0))
    for record in (one, two, having(last, ce_position=b"%d" % FAR)):
        assert isinstance(follower.take(record), Delivery)
    with pytest.raises(Halted, match="another event behind 2"):
        follower.take(replace(last, offset=3))


def test_a_follower_halts_where_the_place_of_its_last_event_holds_another_one() -> None:
    one, two, _ = three()
    follower = Follower(Checkpoint(0))
    for record in (one, two):
        follower.take(record)
    follower = Follower(follower.checkpoint)
    assert follower.take(replace(two, offset=7)) is None
    for other in (having(two, ce_id=b"order-9/1"), having(two, ce_commandid=b"another"), replace(two, value=b"{}")):
        with pytest.raises(Halted, match="makewhole log renew"):
            follower.take(replace(other, offset=8))


def test_a_follower_halts_where_the_log_that_is_vouched_for_passes_over_its_last_event() -> None:
    one, two, last = three(KEYS)
    follower = Follower(Checkpoint(0), KEYS)
    for record in (one, two):
        follower.take(record)
    with pytest.raises(Halted, match="no event at position 2"):
        follower.take(signed(having(last, ce_previous=b"1"), KEYS))


def test_a_key_that_is_being_replaced_is_believed_beside_the_new_one() -> None:
    both = LogKeys({"k2": b"3" * 32, "k1": b"1" * 32})
    one, two, last = three(KEYS)
    topic = [one, signed(two, both), last]
    assert topic[1].header(SIGNATURE) != two.header(SIGNATURE)
    assert kinds(topic, both) == ["1", "2", "3"]
    assert [position(record) for record in topic] == [1, 2, 3]


def test_what_was_taken_is_known_after_its_key_was_retired() -> None:
    """A read model that was made anew reads the topic from its beginning, and the old key is gone."""
    records = three(KEYS)
    follower = Follower(Checkpoint(0), KEYS)
    for record in records:
        follower.take(record)
    again = Follower(replace(follower.checkpoint, next_offset=0), OTHERS)
    assert [again.take(record) for record in records] == [None] * 3
    assert again.checkpoint == follower.checkpoint


def test_a_forged_record_at_the_place_of_the_last_one_halts_nobody() -> None:
    one, two, _ = three(KEYS)
    follower = Follower(Checkpoint(0), KEYS)
    for record in (one, two):
        follower.take(record)
    found = follower.take(replace(two, offset=9, value=b"{}"))
    assert isinstance(found, Quarantined)
    assert found.reason.startswith("unsigned: ")
