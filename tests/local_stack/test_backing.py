"""Given the two servers that every other test stands on, they are what they claim to be."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from local_stack.databases import SERVICES, ensure_databases
from local_stack.jars import cache_folder, jars, pinned
from local_stack.kafka import Kafka
from local_stack.postgres import Postgres
from local_stack.report import StackError
from local_stack.server import serving
from local_stack.settings import StackSettings
from local_stack.state import wipe
from local_stack.topics import TOPICS, ensure_topics
from shared.process.addresses import database_name, database_url
from tests.support.servers import backing
from tests.support.servers.stack import LIMIT, descendants, eventually, living

pytestmark = pytest.mark.slow  # each starts servers of its own


async def test_postgresql_is_version_18_and_keeps_what_it_confirms(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url, database="postgres")
    shown = {
        name: await connection.fetchval(f"show {name}")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
    }
    version = connection.get_server_version().major
    await connection.close()
    assert version == 18
    assert set(shown.values()) == {"on"}


async def test_the_services_databases_are_made_once_and_found_again(postgres_url: str) -> None:
    await ensure_databases(postgres_url)
    await ensure_databases(postgres_url)
    for service in SERVICES:
        connection = await asyncpg.connect(database_url(postgres_url, database_name(service)))
        await connection.close()


async def test_a_fresh_database_is_empty_and_apart_from_the_next(databases: backing.Databases) -> None:
    first, second = await databases.empty(), await databases.empty()
    connection = await asyncpg.connect(first)
    await connection.execute("create table mark (n int)")
    await connection.close()
    connection = await asyncpg.connect(second)
    assert await connection.fetchval("select to_regclass('mark')") is None
    await connection.close()


async def test_a_migrated_database_has_the_services_tables_each_time(migrated: Callable[[str], Awaitable[str]]) -> None:
    for url in (await migrated("dispute"), await migrated("dispute")):
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select count(*) from events") == 0
        await connection.close()


async def test_kafka_gives_back_what_was_written_in_order(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await fresh_topic("dispute.events")
    async with AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True) as producer:
        for n in range(20):
            await producer.send_and_wait(topic, b"%d" % n, key=b"order-1", headers=[("ce_id", b"dispute-1/%d" % n)])
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        values = [int((await asyncio.wait_for(consumer.getone(), LIMIT)).value) for _ in range(20)]
    assert values == list(range(20))


async def test_the_topics_are_kept_for_ever_and_stamped_by_the_broker(kafka: str) -> None:
    await ensure_topics(kafka)
    await ensure_topics(kafka)
    settings = await described(kafka, TOPICS[0])
    assert settings["retention.ms"] == "-1"
    assert settings["cleanup.policy"] == "delete"
    assert settings["message.timestamp.type"] == "LogAppendTime"
    assert settings["min.insync.replicas"] == "1"
    assert settings["max.message.bytes"] == "1048588"


async def test_a_topic_with_another_number_of_partitions_is_refused_and_left_as_it_is(
    kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await fresh_topic()

    async def is_refused() -> bool:  # once the broker tells of a topic as new as this one
        try:
            await ensure_topics(kafka, [topic], 24)
        except StackError as error:
            return "has 12 partitions, MAKEWHOLE_PARTITIONS is 24" in str(error)
        return False

    await eventually(is_refused)
    await ensure_topics(kafka, [topic])


@pytest.mark.parametrize("partitions", ["7", "0", "4096", "x"])
def test_partitions_that_hold_parts_of_slots_are_one_line(tmp_path: Path, partitions: str) -> None:
    with pytest.raises(StackError, match="a divisor of 3072"):
        StackSettings.read({"MAKEWHOLE_STATE": str(tmp_path), "MAKEWHOLE_PARTITIONS": partitions})


async def test_a_topic_that_nobody_made_is_not_made_by_asking(kafka: str) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=kafka) as consumer:
        assert consumer.partitions_for_topic("nobody.made.this") is None
        assert "nobody.made.this" not in await consumer.topics()


async def test_a_stopped_server_leaves_no_process_and_keeps_its_data() -> None:
    with backing.temporary_state() as state:
        server = Postgres(state, backing.free_ports(1)[0])
        async with serving(server, state / "postgres.log") as first:
            connection = await asyncpg.connect(server.url, database="postgres")
            await connection.execute("create table kept (n int); insert into kept values (7)")
            family = descendants(first.pid)
            await connection.close()
        assert not living(family)
        async with serving(server, state / "postgres.log"):
            connection = await asyncpg.connect(server.url, database="postgres")
            assert await connection.fetchval("select n from kept") == 7
            await connection.close()


@pytest.mark.proof
async def test_kafka_that_was_killed_starts_again_on_its_log() -> None:
    with backing.temporary_state() as state:
        server = Kafka(state, *backing.free_ports(2))
        async with serving(server, state / "kafka.log") as child:
            await ensure_topics(server.bootstrap, ["kept.events"], 1)
            async with AIOKafkaProducer(bootstrap_servers=server.bootstrap, acks="all") as producer:
                await producer.send_and_wait("kept.events", b"kept", partition=0)
            child.kill()
            await child.ended()
        async with (
            serving(server, state / "kafka.log"),
            AIOKafkaConsumer(bootstrap_servers=server.bootstrap) as consumer,
        ):
            partition = TopicPartition("kept.events", 0)
            assert (await consumer.end_offsets([partition]))[partition] == 1


async def test_a_closed_state_folder_is_no_obstacle(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed, backing.free_ports(1)[0])
    async with serving(server, closed / "postgres.log"):
        assert await server.ready()
    assert os.geteuid() != 0 or not (closed / "postgres").exists()
    wipe(closed)
    assert not server.data.exists()


def test_every_jar_is_pinned_and_its_hash_is_checked(tmp_path: Path) -> None:
    cache = cache_folder(os.environ)
    paths = jars(cache)
    assert len(paths) == len(pinned()) == 46
    damaged = pinned()[0]
    copy = damaged.path(tmp_path)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(damaged.path(cache / "jars").read_bytes() + b"!")
    assert not damaged.intact(tmp_path)


async def test_a_server_that_is_not_there_is_one_line() -> None:
    port = backing.free_ports(1)[0]
    with pytest.raises(StackError, match=f"no PostgreSQL answers at 127.0.0.1:{port}") as raised:
        await ensure_databases(f"postgresql://makewhole@127.0.0.1:{port}")
    assert "\n" not in str(raised.value)


async def described(bootstrap: str, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    answer = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    await admin.close()
    return {entry[0]: entry[1] for entry in answer[0].resources[0][4]}


def test_a_port_is_given_to_one_test_of_one_process_before_anybody_listens_there() -> None:
    mine = [backing.free_ports(1)[0] for _ in range(200)]
    bases = [backing.free_port_base() for _ in range(20)]
    assert len({*mine}) == 200
    assert len({*bases}) == 20
    given = f"from tests.support.servers import backing; print(any(backing._keep([port]) for port in {mine + bases}))"
    asked = subprocess.run([sys.executable, "-c", given], check=True, capture_output=True, text=True, timeout=LIMIT)
    assert asked.stdout.strip() == "False"
