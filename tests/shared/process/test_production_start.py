"""One complete set of settings starts: a process in production mode, on a PostgreSQL and an issuer that speak TLS."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from shared.process.addresses import Ports
from tests.support.production import ENVIRONMENT
from tests.support.servers import backing
from tests.support.servers.postgres_tls import LOOPBACK, database_behind_tls
from tests.support.servers.stack import LIMIT, eventually
from tests.support.tls import Authority
from tests.support.toys.notes import Issuer

pytestmark = pytest.mark.slow

CLIENT = {"Host": "disputes.example"}


def own_address() -> str:
    """An address of this machine that is not its loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but its loopback's")
        return str(asked.getsockname()[0])


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[tuple[Issuer, Authority]]:
    """An identity provider behind TLS, and the authority that signed for it."""
    authority, address = Authority(tmp_path), own_address()
    issuer = Issuer()
    issuer.rotate("first")
    app = web.Application()
    app.router.add_get("/keys", issuer.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, address, 0, ssl_context=authority.sign(address).server()).start()
    issuer.address = f"https://{address}:{runner.addresses[0][1]}"
    yield issuer, authority
    await runner.cleanup()


async def test_a_complete_set_starts_and_serves(issuer: tuple[Issuer, Authority]) -> None:
    provider, authority = issuer
    async with database_behind_tls("dispute", authority) as database:
        assert await takes(database.owner)
        assert not await takes(database.owner.replace("verify-full", "disable"))
        environment = ENVIRONMENT | {
            "MAKEWHOLE_DATABASE_URL": "",
            "MAKEWHOLE_DATABASE_URL_DISPUTE": database.service,
            "MAKEWHOLE_OIDC_ISSUER": provider.address,
            "MAKEWHOLE_OIDC_JWKS": f"{provider.address}/keys",
            "SSL_CERT_FILE": str(authority.path),
            "PORT_BASE": str(backing.free_port_base()),
        }
        await it_serves(environment, provider)


async def takes(address: str) -> bool:
    try:
        await (await asyncpg.connect(address, timeout=LIMIT)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True


async def it_serves(environment: dict[str, str], provider: Issuer) -> None:
    """A process in this environment is ready on its inner port, and answers a party on the other one."""
    ports = Ports(int(environment["PORT_BASE"]))
    public, inner = (f"http://{LOOPBACK}:{port}" for port in (ports.app("dispute"), ports.inner("dispute")))
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKEWHOLE_")}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "dispute.app", env=bare | environment)
    try:
        async with aiohttp.ClientSession() as session:

            async def status(address: str, **headers: str) -> int:
                async with session.get(address, headers=headers) as response:
                    return response.status

            async def is_ready() -> bool:
                assert process.returncode is None
                try:
                    return await status(f"{inner}/readyz") == 200
                except aiohttp.ClientError:
                    return False

            await eventually(is_ready)
            token = provider.bearer("buyer-1", "buyer")
            assert await status(f"{public}/v1/disputes", **CLIENT, **token) == 200
            assert await status(f"{public}/v1/disputes", **CLIENT) == 401
            assert await status(f"{public}/v1/disputes", **token) == 421
            assert await status(f"{public}/metrics", **CLIENT) == 404
            assert await status(f"{inner}/metrics") == 200
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), LIMIT)
