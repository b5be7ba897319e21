"""The source of a subscription, on real Kafka: whatever stands in a topic, it goes on behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka import Producer

from local_stack.report import StackError
from local_stack.topics import ensure_topics
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.source import UNREADABLE, KafkaSource
from shared.resilience.retry import Halted
from tests.cases.plugin import Came


class NoText:
    """A header's name that is no text."""

    def encode(self, _: str) -> bytes:
        return b"\xff\xfe"


async def write(kafka: str, topic: str, values: Sequence[bytes], strange: bool = False) -> None:
    """A batch of records; the last one with a header whose name is no text, where it is strange."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, 0, 100_000)
        for number, value in enumerate(values, 1):
            headers = [(NoText(), b"x")] if strange and number == len(values) else []
            batch.append(key=None, value=value, timestamp=None, headers=headers)
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()


async def all_of(kafka: str, topic: str) -> list[bytes | str]:
    """What a reader finds from the beginning to the end."""
    async with KafkaSource.opened(kafka, topic) as source, aclosing(source.up_to_the_end({0: 0, 1: 0})) as records:
        return ["unreadable" if record.headers == UNREADABLE else record.value async for record in records]


@pytest.mark.case(
    "B08c+2", given="a header whose NAME is the bytes ff fe, in a batch behind two records", right="a b unreadable d"
)
async def test_a_header_whose_name_is_no_text_does_not_end_the_reader(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]], came: Came
) -> None:
    topic = await fresh_topic("dispute.events", 2)
    await write(kafka, topic, [b"a", b"b", b"c"], strange=True)
    await write(kafka, topic, [b"d"])
    found = await all_of(kafka, topic)
    came(" ".join(each if isinstance(each, str) else each.decode() for each in found))


@pytest.mark.case("B08c+3", given="a record packed with lz4 and one with zstd, before ours", right="a b c")
async def test_what_a_stranger_has_packed_does_not_end_the_reader(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]], came: Came
) -> None:
    topic = await fresh_topic("dispute.events", 2)
    for codec, value in (("lz4", b"a"), ("zstd", b"b"), ("snappy", b"c")):
        producer = Producer({"bootstrap.servers": kafka, "compression.type": codec})
        producer.produce(topic, value, None, 0)
        await asyncio.to_thread(producer.flush, 30)
    came(b" ".join(each for each in await all_of(kafka, topic) if isinstance(each, bytes)).decode())


async def test_the_mark_of_a_strangers_transaction_is_passed(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await fresh_topic("dispute.events", 2)
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    await asyncio.to_thread(producer.init_transactions, 30)
    producer.begin_transaction()
    producer.produce(topic, b"a", None, 0)
    await asyncio.to_thread(producer.commit_transaction, 30)
    assert await all_of(kafka, topic) == [b"a"]


async def altered(kafka: str, topic: str, **settings: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
    finally:
        await admin.close()


SETTINGS = {
    "EL4": {"retention_ms": "604800000"},
    "EL4+1": {"message_timestamp_type": "CreateTime"},
    "EL4+2": {"cleanup_policy": "compact"},
    "EL4+3": {"max_message_bytes": "1000"},
    "EL4+4": {"retention_bytes": "1000000"},
}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            settings,
            marks=pytest.mark.case(
                case,
                given=f"a topic with {settings}",
                right=f"halted, and the stack refuses: {[*settings][0].replace('_', '.')}",
            ),
            id=case,
        )
        for case, settings in SETTINGS.items()
    ],
)
async def test_a_topic_with_other_settings_is_refused_by_name(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]], settings: dict[str, str], came: Came
) -> None:
    topic = await fresh_topic("dispute.events", 2)
    (name,) = [name.replace("_", ".") for name in settings]
    async with KafkaPublisher.opened(kafka, topic, 2):
        pass
    await altered(kafka, topic, **settings)
    publisher = partial(KafkaPublisher.opened, kafka, topic, 2)
    with pytest.raises(Halted, match=f"{name}={next(iter(settings.values()))}"):
        await publisher().__aenter__()
    with pytest.raises(StackError, match=name):
        await ensure_topics(kafka, [topic], 2)
    came(f"halted, and the stack refuses: {name}")
