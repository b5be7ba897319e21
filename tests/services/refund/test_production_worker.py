"""The worker in production mode, with Stripe's settings: it starts, and pays what is due through Stripe. Which gateway
pays is one setting.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from refund.domain.decider import decider
from shared.events.envelope import Cause
from shared.events.refund import RefundIssued
from shared.eventstore.command_handling import handle
from shared.eventstore.store import PostgresEventStore, open_store
from tests.support.builders import refunds as p
from tests.support.production import ENVIRONMENT
from tests.support.servers import backing
from tests.support.servers.gateways import with_key
from tests.support.servers.postgres_tls import LOOPBACK, database_behind_tls
from tests.support.servers.sandbox import sandbox
from tests.support.servers.stack import LIMIT, eventually
from tests.support.servers.stripe_api import StripeApi
from tests.support.tls import Authority
from tests.support.toys.notes import listening

pytestmark = pytest.mark.slow

Migrated = Callable[[str], Awaitable[str]]
FIRST, SECOND = "rfd_9a31", "rfd_9a32"


@contextlib.asynccontextmanager
async def by_tls(app: web.Application, authority: Authority) -> AsyncIterator[str]:
    """The application's address, at which it is asked by TLS alone."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0, ssl_context=authority.sign(LOOPBACK).server()).start()
    try:
        yield f"https://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def worker(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The refund service's worker in this environment."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKEWHOLE_")}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "refund.worker", env=bare | environment)
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), LIMIT)


async def test_the_worker_starts_in_production_mode_and_pays_through_stripe(tmp_path: Path) -> None:
    """Without a broker: paying does not need one."""
    authority, api = Authority(tmp_path), StripeApi({"o1": (10_000, "usd")})
    async with database_behind_tls("refund", authority) as database, by_tls(api.app(), authority) as address:
        environment = ENVIRONMENT | {
            "MAKEWHOLE_DATABASE_URL": "",
            "MAKEWHOLE_DATABASE_URL_REFUND": database.service,
            "MAKEWHOLE_GATEWAY": f"stripe+{with_key(address)}",
            "MAKEWHOLE_KAFKA": f"{LOOPBACK}:9",
            "SSL_CERT_FILE": str(authority.path),
            "PORT_BASE": str(backing.free_port_base()),
        }
        async with open_store(database.service, deadlines=decider.deadlines) as store:
            assert await paid_by_worker(environment, store, FIRST) == api.paid("o1")[0]["id"]
    assert api.posts == [f"{FIRST}/0"]


async def test_switching_gateways_is_one_setting(migrated: Migrated) -> None:
    """Over one log: what was due before is the sandbox's provider's to pay, what is due afterwards Stripe's."""
    api, dsn = StripeApi({"o1": (10_000, "usd")}), await migrated("refund")
    async with (
        sandbox(await migrated("sandbox")) as psp,
        listening(api.app()) as address,
        open_store(dsn, deadlines=decider.deadlines) as store,
    ):
        await psp.capture("o1", "100.00")
        environment = {
            "MAKEWHOLE_DATABASE_URL_REFUND": dsn,
            "MAKEWHOLE_KAFKA": f"{LOOPBACK}:9",
            "MAKEWHOLE_SANDBOX": psp.address,
            "PORT_BASE": str(backing.free_port_base()),
        }
        for gateway, refund_id in ((f"sandbox+{psp.address}", FIRST), (f"stripe+{with_key(address)}", SECOND)):
            paid_as = await paid_by_worker(environment | {"MAKEWHOLE_GATEWAY": gateway}, store, refund_id)
        ledger = await psp.ledger(order_id="o1")
    assert [line["idempotency_key"] for line in ledger if line["refund_id"]] == [f"{FIRST}/0"]
    assert api.posts == [f"{SECOND}/0"]
    assert [made["id"] for made in api.paid("o1")] == [paid_as]


async def paid_by_worker(environment: dict[str, str], store: PostgresEventStore, refund_id: str) -> str | None:
    """What the provider calls the refund that is asked for while a worker runs in this environment."""
    async with worker(environment) as process:
        for command in (p.capture(), p.request(refund_id)):
            await handle(store, decider, command, Cause.of(command))

        async def is_issued() -> bool:
            assert process.returncode is None
            return await issued_by(store, refund_id) is not None

        await eventually(is_issued)
    return await issued_by(store, refund_id)


async def issued_by(store: PostgresEventStore, refund_id: str) -> str | None:
    """The provider's name of the refund that is recorded as paid."""
    (history,) = await store.load("payment-o1")
    issued = [recorded.event for recorded in history if isinstance(recorded.event, RefundIssued)]
    return next((event.provider_ref for event in issued if event.refund_id == refund_id), None)
