"""The runbooks of a restore and of a gap, step by step on real PostgreSQL and Kafka, by the commands that they name."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from typer.testing import CliRunner

from dispute.domain.decider import decider as dispute_decider
from dispute.read_models import disputes
from local_stack.topics import ensure_topics
from ops.cli import app
from refund import policies
from refund.domain.decider import decider as refund_decider
from shared.events.base import Event
from shared.events.dispute import RefundDue
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.events.logs import DISPUTE, LOGS, PARTITIONS, REFUND
from shared.events.slot import slot_of
from shared.eventstore.store import EventStore
from shared.process.addresses import database_name
from shared.process.clock import SystemClock
from shared.process.settings import Settings
from shared.subscriptions.freshness import projected
from shared.worker.assemble import Assembly, assembly
from tests.cases.plugin import Came
from tests.e2e.topics import read_all
from tests.shared.relay.test_relay import is_absent
from tests.support.builders.refunds import DUE, MONDAY, PAID, lines, usd
from tests.support.servers import backing
from tests.support.servers.stack import eventually
from tests.support.toys.marks import running

DISPUTES = database_name("dispute")


def keys(*names: str) -> str:
    """Keys of both logs by their ids; the first one signs."""
    of_log = {log: {name: base64.b64encode(f"{log}{name}".encode() * 16).decode() for name in names} for log in LOGS}
    return json.dumps(of_log)


KEYS = keys("k1")


class System:
    """The dispute service's log and read model, and the refund service's policy that follows it."""

    def __init__(self, postgres_url: str, kafka: str, databases: backing.Databases) -> None:
        self.settings = Settings(database_url=postgres_url, kafka=kafka, log_keys=KEYS)
        self._databases = databases

    @asynccontextmanager
    async def services(self, signing: str = KEYS, knowing: str = KEYS) -> AsyncIterator[tuple[Assembly, Assembly]]:
        """Both services, the first with the keys that it signs with, the other with those that it knows."""
        clock, settings = SystemClock(), self.settings
        async with (
            assembly(DISPUTE, dispute_decider, settings.model_copy(update={"log_keys": signing}), clock) as dispute,
            assembly(REFUND, refund_decider, settings.model_copy(update={"log_keys": knowing}), clock) as refund,
        ):
            yield dispute, refund

    async def database(self, statement: str) -> None:
        connection = await asyncpg.connect(self._databases.server_url, database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def makewhole(self, *words: str) -> tuple[int, Any]:
        """A command's exit code, and its JSON or what it says."""
        result = await asyncio.to_thread(CliRunner().invoke, app, [*words])
        try:
            return result.exit_code, json.loads(result.stdout)
        except ValueError:
            return result.exit_code, result.output

    async def done(self, *words: str) -> Any:
        """The same with a plan first, which must change nothing and succeed."""
        plan, said = await self.makewhole(*words)
        assert plan == 0, said
        code, answer = await self.makewhole(*words, "--yes", "--reason", "the runbook's", "--json")
        assert code == 0, answer
        return answer


@pytest.fixture
async def postgres_alone() -> AsyncIterator[str]:
    """A server of its own, for the databases bear the names that the commands look for."""
    async with backing.running_postgres() as url:
        yield url


@pytest.fixture
async def system(postgres_alone: str, kafka: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    databases = backing.Databases(postgres_alone)
    system = System(postgres_alone, kafka, databases)
    for name, value in {"DATABASE_URL": postgres_alone, "KAFKA": kafka, "LOG_KEYS": KEYS}.items():
        monkeypatch.setenv(f"MAKEWHOLE_{name}", value)
    services = ("dispute", "refund", "return_label")
    for service in services:
        migrated = (await databases.migrated(service)).rsplit("/", 1)[1]
        await system.database(f'create database "{database_name(service)}" template "{migrated}"')
    await ensure_topics(kafka, [DISPUTE.topic])
    yield system
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([DISPUTE.topic])
    await eventually(partial(is_absent, admin, DISPUTE.topic))
    await admin.close()


async def append(store: EventStore, stream: str, version: int, *events: Event) -> None:
    cause = Cause(derived_uuid(stream, version, *(event.model_dump_json() for event in events)), MONDAY, "system:x")
    await store.append([Write(stream, "o1", version, events)], cause)


def due(refund_id: str, minor: int) -> RefundDue:
    return DUE.model_copy(update={"refund_id": refund_id, "lines": lines(a=minor), "amount": usd(minor)})


async def asked(refund: Assembly) -> Sequence[str]:
    """The refunds that were requested."""
    found = await refund.pool.fetch("select data->>'refund_id' as id from events where type like '%RefundRequested%'")
    return [row["id"] for row in found]


async def quiet(*components: Any) -> bool:
    return all([await each.quiet() is None for each in components])


async def stands_still(component: Any) -> bool:
    return component.halted() is not None


@pytest.mark.case(
    "EM4+1",
    given="the runbook of a restore, on a log that lost a RefundDue and holds another one in its place",
    right="renewed, restarted; rfd_lost asked for, o1 parked with rfd_new; then rfd_lost rfd_new",
)
async def test_the_runbook_of_a_restore_ends_with_every_follower_at_work(system: System, came: Came) -> None:
    async with system.services() as (dispute, refund):
        relay = dispute.relay()
        followers = [*dispute.projections(disputes)]
        followers.append(refund.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react))
        await append(dispute.store, "order-o1", 0, PAID)
        async with running(relay, *followers):
            await eventually(partial(quiet, relay, *followers))
    await system.database(f'create database standby template "{DISPUTES}"')
    async with system.services() as (dispute, refund):
        relay, policy = dispute.relay(), refund.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react)
        await append(dispute.store, "dispute-dsp_1", 0, due("rfd_lost", 1000))
        async with running(relay, policy):
            await eventually(partial(quiet, relay, policy))
            assert await asked(refund) == ["rfd_lost"]
    await system.database(f'drop database "{DISPUTES}" with (force)')
    await system.database(f'alter database standby rename to "{DISPUTES}"')

    async with system.services() as (dispute, refund):
        await append(dispute.store, "dispute-dsp_1", 0, due("rfd_new", 3000))
        relay = dispute.relay()
        followers = [*dispute.projections(disputes)]
        followers.append(refund.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react))
        async with running(relay, *followers):
            await eventually(partial(stands_still, relay))
            for look in (("log", "show"), ("relay", "status"), ("subscriptions", "list"), ("projections", "list")):
                assert (await system.makewhole(*look, "--json"))[0] == 0
            (renewed,) = await system.done("log", "renew", "dispute")
            assert (renewed["shared_up_to"], renewed["head"]) == (1, 2)
            await eventually(partial(quiet, relay))
            await eventually(partial(stands_still, followers[1]))
            await system.done("subscriptions", "restart", "refund", policies.CAPTURE_AND_REFUND)
            await eventually(partial(quiet, *followers))
            assert await projected(dispute.pool, disputes.NAME, 2)
        # Beside the stream, records that a reader had from the topic before the log was renewed may be in quarantine.
        (parked,) = [row for row in (await system.makewhole("parked", "list", "--json"))[1] if row["kind"] == "stream"]
        (shown,) = (await system.makewhole("parked", "show", "refund", parked["name"], "--json"))[1]
        assert parked["reason"].startswith("KeyReused")
        before = " ".join(await asked(refund))
        assert (await system.makewhole("parked", "retry", "refund", "--anew", "--yes", "--reason", "x"))[0] == 2
        anew = await system.done("parked", "retry", "refund", "--stream", "o1", "--anew")
        assert (anew["released"], anew["still_waiting"]) == (1, 0)
        await system.done("deadlines", "rebuild", "dispute")
        _, kept = await system.makewhole("interventions", "--json")
        assert {"log renew", "subscriptions restart", "parked retry"} <= {each["command"] for each in kept}
        came(
            f"renewed, restarted; {before} asked for, {parked['name']} parked with "
            f"{json.loads(shown['value'])['refund_id']}; then {' '.join(await asked(refund))}"
        )


def follower_of(refund: Assembly) -> Any:
    """Whoever pays what the disputes ask for."""
    return refund.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react)


async def holds(follower: Any) -> bool:
    return "are missing" in (follower.halted() or "")


async def published(dispute: Assembly, *parts: Any) -> None:
    """The relay has published all; those beside it are as quiet as it is."""
    async with running(relay := dispute.relay(), *parts):
        await eventually(partial(quiet, relay, *parts))


async def lose_all_but_the_last(kafka: str, partition: int) -> None:
    """The topic loses the records of a partition, but for the last one."""
    records = await asyncio.to_thread(read_all, kafka, [DISPUTE.topic])
    last = max(record.offset for record in records if record.partition == partition)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(DISPUTE.topic, partition): RecordsToDelete(last)})
    await admin.close()


@pytest.mark.case(
    "EM4+2",
    given="the runbook of a gap: a record under a key that was missing, then one that the topic has lost",
    right="held, then rfd_1 rfd_2 asked for; held, then rfd_1 rfd_2 rfd_3 rfd_4 asked for",
)
async def test_the_runbook_of_a_gap_ends_with_the_partition_read(system: System, kafka: str, came: Came) -> None:
    async with system.services() as (dispute, refund):
        await append(dispute.store, "order-o1", 0, PAID)
        await published(dispute, follower_of(refund))
    async with system.services(signing=keys("k2", "k1")) as (dispute, refund):
        await append(dispute.store, "dispute-dsp_1", 0, due("rfd_1", 1000))
        await published(dispute, follower_of(refund))
    async with system.services() as (dispute, refund):
        await append(dispute.store, "dispute-dsp_2", 0, due("rfd_2", 1000))
        async with running(dispute.relay(), follower := follower_of(refund)):
            await eventually(partial(holds, follower))

    code, (lacking,) = await system.makewhole("parked", "list", "--json")
    assert (code, lacking["kind"], lacking["reason"].partition(":")[0]) == (1, "record", "unsigned")
    assert (await system.makewhole("parked", "show", "refund", lacking["name"]))[0] == 0
    both = keys("k1", "k2")
    async with system.services(knowing=both) as (dispute, refund):
        async with running(follower := follower_of(refund)):
            unheard = await system.makewhole("parked", "retry", "refund", "--stream", "nope", "--yes", "--reason", "x")
            assert unheard[0] == 1 and "nope is not among" in unheard[1]
            assert (await system.done("parked", "retry", "refund"))["still_waiting"] == 0
            await eventually(partial(quiet, follower))
        first = " ".join(await asked(refund))

    async with system.services(knowing=both) as (dispute, refund):
        for n in (3, 4):
            await append(dispute.store, f"dispute-dsp_{n}", 0, due(f"rfd_{n}", 1000))
        await published(dispute)
        await lose_all_but_the_last(kafka, slot_of("o1") % PARTITIONS)
        async with running(relay := dispute.relay(), follower := follower_of(refund)):
            await eventually(partial(holds, follower))
            assert (await system.makewhole("parked", "list"))[0] == 0, "nothing is in quarantine"
            assert (await system.makewhole("relay", "rewind", "dispute", "--yes"))[0] == 2, "no reason"
            await system.done("relay", "rewind", "dispute")
            await eventually(partial(quiet, relay, follower))
        _, kept = await system.makewhole("interventions", "--json")
        assert {(each["command"], each["reason"]) for each in kept} == {
            ("parked retry", "the runbook's"),
            ("relay rewind", "the runbook's"),
        }
        _, (status, *_) = await system.makewhole("relay", "status", "--json")
        assert (status["service"], status["behind"]) == ("dispute", 0)
        assert (await system.makewhole("subscriptions", "list"))[0] == 0
        came(f"held, then {first} asked for; held, then {' '.join(sorted(await asked(refund)))} asked for")
