"""The runbook of a restore, step by step on real PostgreSQL and Kafka, by the commands that it names."""

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
from aiokafka.admin import AIOKafkaAdminClient
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
from shared.events.logs import DISPUTE, REFUND
from shared.eventstore.store import EventStore
from shared.process.addresses import database_name
from shared.process.clock import SystemClock
from shared.process.settings import Settings
from shared.subscriptions.freshness import projected
from shared.worker.assemble import Assembly, assembly
from tests.cases.plugin import Came
from tests.shared.relay.test_relay import is_absent
from tests.support.builders.refunds import DUE, MONDAY, PAID, lines, usd
from tests.support.servers import backing
from tests.support.servers.stack import eventually
from tests.support.toys.marks import running

DISPUTES = database_name("dispute")
KEYS = json.dumps({log: {"k1": base64.b64encode(log.encode() * 32).decode()} for log in ("dispute", "refund")})


class System:
    """The dispute service's log and read model, and the refund service's policy that follows it."""

    def __init__(self, postgres_url: str, kafka: str, databases: backing.Databases) -> None:
        self.settings = Settings(database_url=postgres_url, kafka=kafka, log_keys=KEYS)
        self._databases = databases

    @asynccontextmanager
    async def services(self) -> AsyncIterator[tuple[Assembly, Assembly]]:
        clock = SystemClock()
        async with (
            assembly(DISPUTE, dispute_decider, self.settings, clock) as dispute,
            assembly(REFUND, refund_decider, self.settings, clock) as refund,
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


async def quiet_or_halted(component: Any) -> bool:
    return await quiet(component) or await stands_still(component)


async def stands_still(component: Any) -> bool:
    return component.halted() is not None


@pytest.mark.case(
    "EM4+1",
    given="the runbook of a restore, on a log that lost a RefundDue and holds another one in its place",
    right="renewed, rebuilt, restarted; rfd_lost asked for, o1 parked with rfd_new",
)
async def test_the_runbook_of_a_restore_ends_with_every_follower_at_work(system: System, came: Came) -> None:
    async with system.services() as (dispute, refund):
        relay = dispute.relay()
        followers = [dispute.projection(disputes.NAME, disputes.project)]
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
        await append(dispute.store, "dispute-dsp_1", 0, due("rfd_new", 6000))
        relay = dispute.relay()
        followers = [dispute.projection(disputes.NAME, disputes.project)]
        followers.append(refund.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react))
        async with running(relay, *followers):
            await eventually(partial(stands_still, relay))
            for look in (("log", "show"), ("relay", "status"), ("subscriptions", "list"), ("projections", "list")):
                assert (await system.makewhole(*look, "--json"))[0] == 0
            (renewed,) = await system.done("log", "renew", "dispute")
            assert (renewed["shared_up_to"], renewed["head"]) == (1, 2)
            await eventually(partial(quiet, relay))
            await eventually(partial(stands_still, followers[1]))
            await eventually(partial(quiet_or_halted, followers[0]))
            if followers[0].halted():  # where it has read what is lost from the topic, before the log was renewed
                await system.done("projections", "rebuild", "dispute", disputes.NAME)
            await system.done("subscriptions", "restart", "refund", policies.CAPTURE_AND_REFUND)
            await eventually(partial(quiet, *followers))
            assert await projected(dispute.pool, disputes.NAME, 2)
        # Beside the stream, records that a reader had from the topic before the log was renewed may be in quarantine.
        (parked,) = [row for row in (await system.makewhole("parked", "list", "--json"))[1] if row["kind"] == "stream"]
        (shown,) = (await system.makewhole("parked", "show", "refund", parked["name"], "--json"))[1]
        assert parked["reason"].startswith("KeyReused")
        assert (await system.makewhole("deadlines", "rebuild", "dispute", "--yes"))[0] == 0
        _, kept = await system.makewhole("interventions", "--json")
        assert {"log renew", "subscriptions restart"} <= {each["command"] for each in kept}
        came(
            f"renewed, rebuilt, restarted; {' '.join(await asked(refund))} asked for, {parked['name']} parked with "
            f"{json.loads(shown['value'])['refund_id']}"
        )
