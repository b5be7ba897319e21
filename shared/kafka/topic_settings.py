"""Topic settings: what the services rely on, made so by the local stack and held against what there is at start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.kafka.connections import CONNECT_LIMIT, Brokers, client_options, connected, ended, troubles
from shared.resilience.retry import Halted

LARGEST = 1_048_588
"""Bytes of a record."""

WANTED: Mapping[str, str] = {
    # Followers may begin with the first record at any time, and the relay looks for its last one in quiet partitions.
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    # A broker set to CreateTime refuses records more than an hour ahead of it, and a domain clock that was moved is
    # just that.
    "message.timestamp.type": "LogAppendTime",
    # A stranger's record that is packed in a way which we cannot unpack would stop every reader.
    "compression.type": "uncompressed",
}


def wanted_settings(replicas: int) -> Mapping[str, str]:
    """The settings of a topic that has so many replicas."""
    # On the topic: brokers drop their own value of min.insync.replicas since 4.1.
    return {**WANTED, "min.insync.replicas": str(max(1, replicas - 1)), "max.message.bytes": str(LARGEST)}


def faults(found: Mapping[str, str], replicas: int) -> list[str]:
    """What is set otherwise than the services rely on, each with what it must be."""
    wrong = [
        f"{name}={found.get(name)} (must be {value})" for name, value in WANTED.items() if found.get(name) != value
    ]
    least = {name: int(value) for name, value in wanted_settings(replicas).items() if name not in WANTED}
    wrong += [
        f"{name}={found.get(name)} (must be {value} at least)"
        for name, value in least.items()
        if int(found.get(name) or 0) < value
    ]
    return wrong


async def demand_settings(brokers: Brokers | str, topic: str) -> None:
    """Halted where the topic is set otherwise than its service relies on; each line names the setting and its value."""
    async with _admin(brokers) as admin:
        with troubles():
            found = await settings_of(admin, topic)
            (described,) = await admin.describe_topics([topic])
    if wrong := faults(found, len(described["partitions"][0]["replicas"])):
        raise Halted(
            f"topic {topic} has {', '.join(wrong)}: `kafka-configs --alter` sets them, then it goes on by itself"
        )


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> Mapping[str, str]:
    """The topic's settings by name."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {
        entry[0]: entry[1]
        for answer in answers
        for _, _, _, _, entries in answer.resources
        for entry in entries
        if entry[1] is not None
    }


@asynccontextmanager
async def _admin(brokers: Brokers | str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(request_timeout_ms=int(CONNECT_LIMIT * 1000), **client_options(brokers))
    try:
        await connected(client.start())
        yield client
    finally:
        await ended(client.close())
