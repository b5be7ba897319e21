"""The audit's reading of a topic, on real Kafka: what others write there, it comes to the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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
