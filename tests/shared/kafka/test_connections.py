"""Connections to brokers that let nobody in without TLS and a password, on real Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from local_stack.topics import ensure_topics
from shared.kafka.connections import Brokers, KafkaTrouble
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import Outgoing
from shared.kafka.source import KafkaSource
from tests.support.servers.secured_kafka import running_secured_kafka

pytestmark = [pytest.mark.slow, pytest.mark.proof]

TOPIC = "dispute.events"


@pytest.fixture(scope="module")
async def brokers() -> AsyncIterator[Brokers]:
    async with running_secured_kafka() as brokers:
        await ensure_topics(brokers, [TOPIC], 2)
        yield brokers


async def test_who_has_the_password_writes_and_reads_over_tls(brokers: Brokers) -> None:
    async with KafkaPublisher.opened(brokers, TOPIC, 2) as publisher:
        (ack,) = await publisher.publish([Outgoing(1, b"o-1", b"{}", (("ce_id", b"order-o-1/0"),))])
    async with KafkaSource.opened(brokers, TOPIC) as source, aclosing(source.up_to_the_end({0: 0, 1: 0})) as records:
        read = [(record.partition, record.key, record.value) async for record in records]
    assert (ack.partition, read) == (1, [(1, b"o-1", b"{}")])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"password": "another"}, id="another password"),
        pytest.param({"user": "nobody"}, id="an unknown user"),
        pytest.param({"mechanism": "PLAIN"}, id="another mechanism"),
        pytest.param({"ca": None}, id="a broker that nobody known has signed for"),
        pytest.param({"security": "SASL_PLAINTEXT"}, id="no TLS"),
        pytest.param({"security": "SSL"}, id="no password"),
    ],
)
async def test_who_lacks_one_of_them_is_told_in_time_and_may_try_again(
    brokers: Brokers, changed: dict[str, str | None]
) -> None:
    with pytest.raises((KafkaTrouble, TimeoutError)):
        async with KafkaPublisher.opened(replace(brokers, **changed), TOPIC, 2):  # type: ignore[arg-type]
            pass
