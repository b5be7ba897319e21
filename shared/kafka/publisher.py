"""Kafka publisher: an idempotent producer for one topic; a record's partition is `shared/events/slot.py`'s."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.kafka.connections import (
    ACK_LIMIT,
    ASK_LIMIT,
    COMMON,
    Brokers,
    client_options,
    connected,
    ended,
    other_partitions,
    troubles,
)
from shared.kafka.records import Ack, Outgoing, Record
from shared.kafka.source import KafkaSource
from shared.kafka.topic_settings import demand_settings
from shared.resilience.retry import Halted


class KafkaPublisher:
    """An idempotent producer for one topic. After a failed batch it cannot be used: open a new one.

    A sequence number that was given to a batch is never given back, so after one failure the broker may refuse the
    partition for ever.
    """

    def __init__(self, producer: AIOKafkaProducer, brokers: Brokers | str, topic: str, partitions: int) -> None:
        self._producer = producer
        self._brokers = brokers
        self._topic = topic
        self.partitions = partitions
        self._spent = False

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, brokers: Brokers | str, topic: str, partitions: int) -> AsyncIterator[KafkaPublisher]:
        """A connected publisher; Transient where Kafka does not answer, Halted where the topic has another number of
        partitions.
        """
        # No linger: a batch is handed over without a pause in between, and then goes out as one request a broker.
        producer = AIOKafkaProducer(
            **client_options(brokers),
            acks="all",
            enable_idempotence=True,
            max_batch_size=512 * 1024,
            linger_ms=0,
            **COMMON,
        )
        publisher = cls(producer, brokers, topic, partitions)
        try:
            await publisher._connect()
            yield publisher
        except BaseException:
            publisher._spent = True
            raise
        finally:
            await publisher._close()

    async def publish(self, batch: Sequence[Outgoing]) -> Sequence[Ack]:
        """The acknowledgements of the batch's leading run; fewer than the batch means that the publisher is spent."""
        sent = await self._send_all(batch)
        if sent:
            await asyncio.wait(sent, timeout=ACK_LIMIT)
        acks = leading_run(sent)
        self._spent = len(acks) < len(batch)
        return acks

    async def ids_at(self, offsets: Mapping[int, int]) -> Mapping[int, str | None]:
        """By partition: the `ce_id` of the record at the offset, or None where there is none."""
        async with KafkaSource.opened(self._brokers, self._topic, self.partitions, list(offsets)) as source:
            bounds = await source.bounds()
            there = {p: offset for p, offset in offsets.items() if bounds[p][0] <= offset < bounds[p][1]}
            ids = {p: None for p in offsets} | await source.ids(there)
        return ids

    async def records_from(self, offsets: Mapping[int, int]) -> AsyncGenerator[Record, None]:
        """The records of each partition from its offset on, up to the end that it has when asked."""
        async with KafkaSource.opened(self._brokers, self._topic, self.partitions, list(offsets)) as source:
            async for record in source.up_to_the_end(offsets):
                yield record

    async def _connect(self) -> None:
        await connected(self._producer.start())
        with troubles():
            async with asyncio.timeout(ASK_LIMIT):
                there = await self._producer.partitions_for(self._topic)
        if len(there) != self.partitions:
            raise other_partitions(self._topic, len(there), self.partitions)
        await demand_settings(self._brokers, self._topic)

    async def _send_all(self, batch: Sequence[Outgoing]) -> list[asyncio.Future[Any]]:
        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(ASK_LIMIT):
                for record in batch:
                    sent.append(await self._send(record))
        except MessageSizeTooLargeError as error:
            if not sent:  # what stands before it goes out first, and is not sent again and again
                raise Halted(
                    f"an event is too large for topic {self._topic} ({error}): raise its max.message.bytes; "
                    f"nothing is left out"
                ) from error
        except (KafkaError, TimeoutError):
            pass  # what was sent before it may still be acknowledged
        return sent

    async def _send(self, record: Outgoing) -> asyncio.Future[Any]:
        # Never with a timestamp: the broker stamps, for ours would be refused once the domain's clock is an hour ahead.
        future: asyncio.Future[Any] = await self._producer.send(
            self._topic, record.value, record.key, record.partition, headers=list(record.headers)
        )
        return future

    async def _close(self) -> None:
        await ended(_abandon(self._producer) if self._spent else self._producer.stop())


async def _abandon(producer: AIOKafkaProducer) -> None:
    # stop() flushes first, and with an idempotent producer that has no end while brokers are down. The library has no
    # public way to drop what is queued, so this reaches inside (aiokafka is pinned): what stop() does, without the
    # flush. Once cancelled, the sender waits for its requests, which end with their connections, or else are cancelled
    # through it, one at a time.
    producer._closed = True
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
    await producer.client.close()
    while sender is not None and not sender.done():
        await asyncio.wait({sender}, timeout=0.2)
        sender.cancel()


def leading_run(sent: Sequence[asyncio.Future[Any]]) -> list[Ack]:
    """The acknowledgements up to the first failure or silence."""
    for future in sent:
        future.add_done_callback(_look_at)
    good = itertools.takewhile(
        lambda future: future.done() and not future.cancelled() and future.exception() is None, sent
    )
    return [Ack(future.result().partition, future.result().offset) for future in good]


def _look_at(future: asyncio.Future[Any]) -> None:
    # asyncio reports an error that is never read; those behind the first one follow from it.
    if not future.cancelled():
        future.exception()
