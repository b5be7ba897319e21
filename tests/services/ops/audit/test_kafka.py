"""The audit's reading of a topic, on real Kafka: whatever others write there, it comes to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from confluent_kafka import Producer

from ops.audit import kafka as audit
from tests.shared.kafka.test_source import write

Fresh = Callable[..., Awaitable[str]]


async def read(kafka: str, topic: str) -> list[bytes]:
    """The values that the audit reads from the beginning to the end."""
    async with audit.opened({"bootstrap_servers": kafka}, topic, 2) as opened:
        return [record.value async for records in opened.records(await opened.bounds()) for record in records]


async def test_a_header_whose_name_is_no_text_is_a_strangers(kafka: str, fresh_topic: Fresh) -> None:
    """Given a record behind two others whose header's name is no UTF-8, when the audit reads the topic, then it passes
    without its value, and what stands before and behind it is read.
    """
    topic = await fresh_topic("dispute.events", 2)
    await write(kafka, topic, [b"a", b"b", b"c"], strange=True)
    await write(kafka, topic, [b"d"])
    assert await read(kafka, topic) == [b"a", b"b", b"", b"d"]


async def test_the_mark_of_a_strangers_transaction_at_a_topics_end_is_passed(kafka: str, fresh_topic: Fresh) -> None:
    """Given another producer's committed transaction, when its mark is the last that stands in a partition, then the
    audit comes to the end.
    """
    topic = await fresh_topic("dispute.events", 2)
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    await asyncio.to_thread(producer.init_transactions, 30)
    producer.begin_transaction()
    producer.produce(topic, b"a", None, 0)
    await asyncio.to_thread(producer.commit_transaction, 30)
    assert await read(kafka, topic) == [b"a"]
