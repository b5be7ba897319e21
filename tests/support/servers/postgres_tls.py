"""A PostgreSQL server that is reached by TLS alone, with a service's database and login, as in production."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

from local_stack.databases import ensure_databases, ensure_logins, migrate
from local_stack.passwords import passwords
from local_stack.postgres import Postgres
from local_stack.server import serving
from shared.process.addresses import OWNER, database_name, login_name
from tests.support.servers import backing
from tests.support.tls import Authority

LOOPBACK = "127.0.0.1"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass(frozen=True, slots=True)
class Addresses:
    """A service's database, as its login and as its owner reach it."""

    service: str
    owner: str


@contextlib.asynccontextmanager
async def database_behind_tls(service: str, authority: Authority) -> AsyncIterator[Addresses]:
    """A migrated database of the service behind TLS, which the authority vouches for."""
    with backing.temporary_state() as state:
        server = Postgres(state, backing.free_ports(1)[0])
        async with serving(server, state / "log" / "postgres.log"), behind_tls(server, authority) as port:
            tls = f"sslmode=verify-full&sslrootcert={authority.path}"

            def address(login: str, database: str) -> str:
                return f"postgresql://{login}:{passwords(state)[login]}@{LOOPBACK}:{port}/{database}?{tls}"

            await ensure_databases(address(OWNER, "postgres"), [service])
            await migrate(service, address(OWNER, database_name(service)))
            await ensure_logins(address(OWNER, "postgres"), passwords(state), [service])
            database = database_name(service)
            yield Addresses(address(login_name(service), database), address(OWNER, database))


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
