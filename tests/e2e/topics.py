"""The topics as any consumer of Kafka reads them: with librdkafka, which shares no code with the services."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

PATIENCE = 180.0
# What a broker says of a topic that is just being made, as the supervisor's probe is: the same again soon succeeds.
NOT_YET = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it lies in the topic."""

    topic: str
    partition: int
    offset: int
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes

    @property
    def attributes(self) -> Headers:
        return {name: value.decode() for name, value in self.headers}


def read_all(bootstrap: str, topics: Iterable[str] | None = None) -> list[Record]:
    """Every record of the topics up to their ends as they are now, of all topics where none are named."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "nobody",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        ends = dict(_ends(consumer, topics))
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
        return list(_read(consumer, ends))
    finally:
        consumer.close()


def _ends(consumer: Consumer, topics: Iterable[str] | None) -> Iterator[tuple[tuple[str, int], int]]:
    there = consumer.list_topics(timeout=PATIENCE).topics
    for topic in topics or there:
        for partition in there[topic].partitions:
            if end := _end(consumer, TopicPartition(topic, partition)):
                yield (topic, partition), end


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """Where its records end; 0 where it holds none, as the supervisor's probe once its minute of retention is over."""
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            begin, end = consumer.get_watermark_offsets(partition, timeout=PATIENCE)
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET or time.monotonic() > limit:
                raise
        else:
            return int(end) if end > begin else 0


def _read(consumer: Consumer, ends: dict[tuple[str, int], int]) -> Iterator[Record]:
    left, limit = set(ends), time.monotonic() + PATIENCE
    while left:
        assert time.monotonic() < limit, f"no end of {left}"
        for message in consumer.consume(500, timeout=0.2):
            assert not message.error(), message.error()
            limit = time.monotonic() + PATIENCE
            record = _record(message)
            place = (record.topic, record.partition)
            if record.offset < ends[place]:
                yield record
            if record.offset >= ends[place] - 1:
                left.discard(place)


def _record(message: Any) -> Record:
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key() or b"",
        message.headers() or [],
        message.value() or b"",
    )
