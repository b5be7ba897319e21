"""Containers: PostgreSQL and Kafka on a machine that has a container engine; they keep nothing from run to run."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from local_stack.kafka import CLUSTER_ID
from local_stack.report import StackError
from shared.process.addresses import OWNER

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.1"
LOOPBACK = "127.0.0.1"
"""An engine publishes on every address of the machine unless it is told another, past its firewall."""


@contextlib.asynccontextmanager
async def postgres_container(port: int, password: str) -> AsyncIterator[str]:
    """A PostgreSQL container; yields its address."""
    async with _running(lambda: _postgres(port, password)):
        yield f"postgresql://{OWNER}:{password}@127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def kafka_container(port: int) -> AsyncIterator[str]:
    """A Kafka container; yields its bootstrap address."""
    async with _running(lambda: _kafka(port)):
        yield f"127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def _running(make: Any) -> AsyncIterator[None]:
    container = await asyncio.to_thread(_started, make)
    try:
        yield
    finally:
        await asyncio.to_thread(container.stop)


def _started(make: Any) -> Any:
    try:
        from docker.errors import DockerException
    except ImportError:
        raise StackError(
            "MAKEWHOLE_BACKING=containers needs the development requirements: run `make setup-dev`, or unset it"
        ) from None
    try:
        return make().start()
    except DockerException as error:
        raise StackError(
            f"no container engine does as asked ({str(error).splitlines()[0]}): start one, or unset MAKEWHOLE_BACKING"
        ) from None


def _postgres(port: int, password: str) -> Any:
    from testcontainers.community.postgres import PostgresContainer

    container: Any = PostgresContainer(POSTGRES_IMAGE, username=OWNER, password=password, dbname=OWNER, driver=None)
    container.ports["5432/tcp"] = (LOOPBACK, port)
    return container


def _kafka(port: int) -> Any:
    from testcontainers.core.container import DockerContainer

    # The port is fixed because the broker tells its clients where to find it.
    settings = {
        "CLUSTER_ID": CLUSTER_ID,
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "CLIENT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"CLIENT://127.0.0.1:{port}",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "CLIENT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    }
    container: Any = DockerContainer(KAFKA_IMAGE)
    container.ports["9092/tcp"] = (LOOPBACK, port)
    for name, value in settings.items():
        container = container.with_env(name, value)
    return container
