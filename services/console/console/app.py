"""The console's process: `python -m console.app`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp

from console import api
from console.fetch import SERVICES
from console.services_client import ServicesClient
from shared.http.app import App, create_app
from shared.http.server import serve
from shared.process.clock import SystemClock
from shared.process.production import require
from shared.process.settings import Settings

SERVICE = "console"
CHECKS_OF_OTHERS = ("clock", "identity")


def build(settings: Settings) -> App:
    """The application. It is ready whatever the services do: showing that one of them is down is its work."""
    require(settings, SERVICE)
    addresses = {name: f"http://{settings.host}:{settings.port(name)}" for name in SERVICES}
    parts = {"services": open_client(addresses)}
    app = create_app(
        SERVICE, [api.router], parts, settings, clock=SystemClock(), description="The page at the front door."
    )
    for check in CHECKS_OF_OTHERS:
        app.checks.pop(check)
    return app


@contextlib.asynccontextmanager
async def open_client(addresses: Mapping[str, str]) -> AsyncIterator[ServicesClient]:
    """A client of the services at these addresses, closed at the end."""
    async with aiohttp.ClientSession() as session:
        yield ServicesClient(session, addresses)


if __name__ == "__main__":
    serve(build(Settings.load(SERVICE)))
