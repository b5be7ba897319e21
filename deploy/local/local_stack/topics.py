"""Topics: created with the settings that the services rely on, and a probe that writes a record and reads it back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from local_stack.report import StackError
from shared.events.logs import LOGS, PARTITIONS
from shared.kafka.connections import Brokers, client_options
from shared.kafka.topic_settings import faults, settings_of, wanted_settings

SHOPS_TOPIC = "order.events"
TOPICS = (*(log.topic for log in LOGS.values()), SHOPS_TOPIC)
PROBE = "makewhole.probe"
TOPIC_ALREADY_EXISTS = 36


async def ensure_topics(brokers: Brokers | str, names: Sequence[str] = TOPICS, partitions: int = PARTITIONS) -> None:
    """Creates the missing topics: kept for ever, stamped by the broker, on up to three brokers.

    StackError where one of ours is there with another number of partitions, for its keys would stand in two of them, or
    with settings that the services do not rely on.
    """
    async with _admin(brokers) as admin:
        count = len((await admin.describe_cluster())["brokers"])
        replicas = min(3, count)
        await _create(admin, [_kept_for_ever(name, partitions, replicas) for name in names])
        for topic in await admin.describe_topics([name for name in names if name != SHOPS_TOPIC]):
            if (there := len(topic["partitions"])) not in (0, partitions):
                raise StackError(f"topic {topic['topic']} has {there} partitions, MAKEWHOLE_PARTITIONS is {partitions}")
            if there and (wrong := faults(await settings_of(admin, topic["topic"]), replicas)):
                raise StackError(f"topic {topic['topic']} is set otherwise than it must be: {', '.join(wrong)}")


async def round_trip(brokers: Brokers | str) -> bool:
    """Whether the brokers take a record and give it back, now."""
    try:
        async with _admin(brokers) as admin:
            await _create(admin, [NewTopic(PROBE, 1, 1, topic_configs={"retention.ms": "60000"})])
        return await _write_and_read(brokers)
    except (KafkaError, OSError, TimeoutError, StackError):
        return False


def _admin(brokers: Brokers | str) -> AbstractAsyncContextManager[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**client_options(brokers), request_timeout_ms=10_000)
    return _started(client, client.close)


@asynccontextmanager
async def _started(client: Any, close: Callable[[], Awaitable[None]]) -> AsyncIterator[Any]:
    # The clients' own `async with` leaves one open that could not start.
    try:
        await client.start()
        yield client
    finally:
        await close()


def _kept_for_ever(name: str, partitions: int, replicas: int) -> NewTopic:
    return NewTopic(name, partitions, replicas, topic_configs=dict(wanted_settings(replicas)))


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    existing = set(await admin.list_topics())
    missing = [topic for topic in topics if topic.name not in existing]
    if not missing:
        return
    answer = await admin.create_topics(missing, timeout_ms=10_000)
    for name, code, *detail in answer.topic_errors:
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise StackError(f"Kafka refused to create topic {name}: {detail[0] if detail else code}")


async def _write_and_read(brokers: Brokers | str) -> bool:
    partition = TopicPartition(PROBE, 0)
    producer = AIOKafkaProducer(**client_options(brokers), acks="all", request_timeout_ms=5_000)
    async with _started(producer, producer.stop):
        written = await producer.send_and_wait(PROBE, b"ready?", partition=0)
    consumer = AIOKafkaConsumer(**client_options(brokers), enable_auto_commit=False)
    async with _started(consumer, consumer.stop):
        consumer.assign([partition])
        consumer.seek(partition, written.offset)
        batches = await consumer.getmany(partition, timeout_ms=5_000)
    return any(record.offset == written.offset for record in batches.get(partition, []))
