"""What a stranger's consumer finds in the topics: CloudEvents in binary mode, in order, keyed for life."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.e2e.client import Services
from tests.e2e.conftest import Stack
from tests.e2e.deals import counter, ordered, usd
from tests.e2e.log import Logs
from tests.e2e.topics import Record, read_all

pytestmark = pytest.mark.e2e

SOURCES = {
    "dispute.events": "/makewhole/dispute",
    "refund.events": "/makewhole/refund",
    "return_label.events": "/makewhole/return-label",
}
ALWAYS = {
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
    "content-type",
    "ce_partitionkey",
    "ce_sequence",
    "ce_position",
    "ce_previous",
    "ce_logid",
    "ce_correlationid",
    "ce_commandid",
    "ce_actor",
    "ce_signature",
}
SOMETIMES = {"ce_causationid", "ce_traceparent"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture(scope="module")
async def records(stack: Stack, services: Services) -> list[Record]:
    """All that the three topics hold after a negotiation with a refund and the beginning of a return."""
    dispute = await (await ordered(services)).opened()
    await dispute.respond(counter("20.00"))
    await dispute.modify(amount=usd("30.00"))
    await dispute.respond({"decision": "accept"})
    sent_back = await (await ordered(services)).opened(type="return_and_refund")
    await sent_back.respond({"decision": "accept"})
    await dispute.closed()
    await services.at_rest()
    return await asyncio.to_thread(read_all, stack.kafka, SOURCES)


def of(records: list[Record], topic: str) -> list[Record]:
    return [record for record in records if record.topic == topic]


async def test_every_record_has_the_attributes_of_cloudevents_each_once_and_no_other(records: list[Record]) -> None:
    for record in records:
        names = [name for name, _ in record.headers]
        assert len(names) == len(set(names))
        assert ALWAYS <= set(names) <= ALWAYS | SOMETIMES


async def test_every_attribute_says_what_the_design_says(records: list[Record]) -> None:
    for record in records:
        said = record.attributes
        assert (said["ce_specversion"], said["content-type"]) == ("1.0", "application/json")
        assert said["ce_source"] == SOURCES[record.topic]
        assert said["ce_id"] == f"{said['ce_subject']}/{said['ce_sequence']}"
        assert re.fullmatch(r"makewhole\.[A-Z][A-Za-z]+\.v[1-9]", said["ce_type"])
        assert said["ce_dataschema"].endswith(f"{said['ce_type']}.json")
        assert INSTANT.fullmatch(said["ce_time"])
        assert datetime.fromisoformat(said["ce_time"]).tzinfo == UTC
        for name in ("ce_logid", "ce_commandid"):
            assert str(UUID(said[name])) == said[name]
        assert said["ce_actor"]
        assert said["ce_correlationid"]


async def test_the_value_is_the_events_data_as_json_with_money_and_instants_as_over_http(records: list[Record]) -> None:
    for record in records:
        data = json.loads(record.value)
        assert isinstance(data, dict)
        for name, value in data.items():
            if isinstance(value, dict) and "currency" in value:
                assert value.keys() == {"amount", "currency"}
                assert re.fullmatch(r"-?\d+(\.\d+)?", value["amount"])
            if name.endswith("_at") and value:
                assert INSTANT.fullmatch(value), (name, value)


async def test_the_key_is_the_streams_key_the_order_or_the_buyer_of_a_quota(records: list[Record]) -> None:
    keys: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for record in records:
        said = record.attributes
        assert record.key.decode() == said["ce_partitionkey"]
        of_whom = "buyer_id" if is_quota(record) else "order_id"
        assert record.key.decode() == json.loads(record.value).get(of_whom, record.key.decode())
        keys[record.topic, said["ce_subject"]].add(record.key)
    assert all(len(found) == 1 for found in keys.values())


async def test_a_key_is_in_one_partition_of_each_topic_and_in_the_same_one_of_all(records: list[Record]) -> None:
    partitions: dict[bytes, set[int]] = defaultdict(set)
    for record in records:
        partitions[record.key].add(record.partition)
    assert all(len(found) == 1 for found in partitions.values())
    assert all(found == {murmur2(key) % 12} for key, found in partitions.items())


@pytest.mark.parametrize("topic", SOURCES)
async def test_positions_are_one_two_three_over_the_topic_and_of_one_log(records: list[Record], topic: str) -> None:
    positions = sorted(int(record.attributes["ce_position"]) for record in of(records, topic))
    assert positions == list(range(1, len(positions) + 1))
    assert positions
    assert len({record.attributes["ce_logid"] for record in of(records, topic)}) == 1


@pytest.mark.parametrize("topic", SOURCES)
async def test_a_record_names_the_position_before_it_in_its_partition_so_that_a_hole_shows(
    records: list[Record], topic: str
) -> None:
    before: dict[int, int] = defaultdict(int)
    for record in sorted(of(records, topic), key=lambda record: (record.partition, record.offset)):
        assert int(record.attributes["ce_previous"]) == before[record.partition]
        before[record.partition] = int(record.attributes["ce_position"])


@pytest.mark.parametrize("topic", SOURCES)
async def test_versions_are_one_two_three_in_every_stream_and_come_in_that_order(
    records: list[Record], topic: str
) -> None:
    streams: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(of(records, topic), key=lambda record: (record.partition, record.offset)):
        streams[record.attributes["ce_subject"]].append(record)
    for found in streams.values():
        assert [int(record.attributes["ce_sequence"]) for record in found] == list(range(1, len(found) + 1))
        positions = [int(record.attributes["ce_position"]) for record in found]
        assert positions == sorted(positions)


@pytest.mark.parametrize("topic", SOURCES)
async def test_the_topic_is_the_log_record_for_event(records: list[Record], logs: Logs, topic: str) -> None:
    rows = await logs.rows(
        topic.removesuffix(".events"),
        "select position, stream, version, key, type, data::text from events order by position",
    )
    told = {int(record.attributes["ce_position"]): record for record in of(records, topic)}
    assert [row["position"] for row in rows if row["position"] in told] == sorted(told)
    for row in rows:
        if record := told.get(row["position"]):
            said = record.attributes
            assert (said["ce_subject"], int(said["ce_sequence"]), record.key.decode()) == (
                row["stream"],
                row["version"],
                row["key"],
            )
            assert said["ce_type"] == row["type"]
            assert json.loads(record.value) == json.loads(row["data"])


async def test_what_follows_from_an_event_names_it_and_belongs_to_the_same_story(
    records: list[Record],
) -> None:
    by_id = {record.attributes["ce_id"]: record for record in records}
    caused = [
        (record, by_id[said["ce_causationid"]]) for record in records if "ce_causationid" in (said := record.attributes)
    ]
    assert {(record.topic, cause.topic) for record, cause in caused} == {
        ("refund.events", "dispute.events"),
        ("return_label.events", "dispute.events"),
        ("dispute.events", "refund.events"),
        ("dispute.events", "return_label.events"),
        *((topic, topic) for topic in ("dispute.events", "refund.events", "return_label.events")),
    }, "what another service does, and who is told of one's own"
    for record, cause in caused:
        assert record.key == cause.key or is_quota(record) != is_quota(cause)
        assert record.attributes["ce_correlationid"] == cause.attributes["ce_correlationid"]
        assert record.attributes["ce_time"] >= cause.attributes["ce_time"]


def is_quota(record: Record) -> bool:
    """Whether it is of the labels of a buyer, who has many orders."""
    return record.attributes["ce_subject"].startswith("label_quota-")


def murmur2(key: bytes) -> int:
    """The partitioner's hash of Kafka's own Java client, positive."""
    mask, multiplier = 0xFFFFFFFF, 0x5BD1E995
    hashed = 0x9747B28C ^ len(key)
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        hashed = hashed * multiplier & mask ^ word
    if rest := key[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * multiplier & mask
    hashed = (hashed ^ hashed >> 13) * multiplier & mask
    return (hashed ^ hashed >> 15) & 0x7FFFFFFF
