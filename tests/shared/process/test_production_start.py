"""One complete set of settings starts: a process in production mode, on a PostgreSQL and an issuer that speak TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from local_stack.databases import ensure_databases, ensure_logins, migrate
from local_stack.passwords import passwords
from local_stack.postgres import Postgres
from local_stack.server import serving
from shared.process.addresses import OWNER, Ports, database_name, login_name
from tests.support.production import ENVIRONMENT
from tests.support.servers import backing
from tests.support.servers.stack import LIMIT, eventually
from tests.support.tls import Authority
from tests.support.toys.notes import Issuer

pytestmark = pytest.mark.slow

LOOPBACK = "127.0.0.1"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
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


@contextlib.asynccontextmanager
async def behind_tls(server: Postgres, authority: Authority) -> AsyncIterator[int]:
    """The port of a door to the server that is opened by TLS alone; the server's own build knows none."""
    context = authority.sign(LOOPBACK).server()

    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
            writer.close()
            return
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(context)
        to_server, from_server = await asyncio.open_connection(LOOPBACK, server.port)
        await asyncio.gather(carried(reader, from_server), carried(to_server, writer))

    door = await asyncio.start_server(admit, LOOPBACK, 0)
    try:
        yield door.sockets[0].getsockname()[1]
    finally:
        door.close()


async def carried(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Carries bytes until there are no more."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


async def test_a_complete_set_starts_and_serves(issuer: tuple[Issuer, Authority]) -> None:
    provider, authority = issuer
    with backing.temporary_state() as state:
        server = Postgres(state, backing.free_ports(1)[0])
        async with serving(server, state / "log" / "postgres.log"), behind_tls(server, authority) as port:
            tls = f"sslmode=verify-full&sslrootcert={authority.path}"

            def address(login: str, database: str) -> str:
                return f"postgresql://{login}:{passwords(state)[login]}@{LOOPBACK}:{port}/{database}?{tls}"

            assert await takes(address(OWNER, "postgres"))
            assert not await takes(address(OWNER, "postgres").replace("verify-full", "disable"))
            await ensure_databases(address(OWNER, "postgres"), ["dispute"])
            await migrate("dispute", address(OWNER, database_name("dispute")))
            await ensure_logins(address(OWNER, "postgres"), passwords(state), ["dispute"])
            environment = ENVIRONMENT | {
                "MAKEWHOLE_DATABASE_URL": "",
                "MAKEWHOLE_DATABASE_URL_DISPUTE": address(login_name("dispute"), database_name("dispute")),
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
