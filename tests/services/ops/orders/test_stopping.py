"""Ctrl-C while a file of orders is played: the process says how far it came, and the file may be played again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from shared.process.addresses import Ports
from tests.support.orders_file import native_line
from tests.support.servers import backing

ORDERS = 200
STOPPED = "run it again: what was played is known, the rest follows"


@dataclass
class Services:
    """A sandbox and a dispute service that take ten orders, and from then on answer nothing until they are freed."""

    environment: dict[str, str]
    known: set[str] = field(default_factory=set)
    hangs: asyncio.Event = field(default_factory=asyncio.Event)
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def told(self, request: web.Request) -> web.Response:
        return web.json_response({"offset_us": 0, "access_token": "a.b.c"})

    async def registered(self, request: web.Request) -> web.Response:
        if len(self.known) >= 10 and not self.freed.is_set():
            self.hangs.set()
            await self.freed.wait()
        is_new = request.path not in self.known
        self.known.add(request.path)
        return web.json_response({}, status=201 if is_new else 200)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    base = backing.free_port_base()
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKEWHOLE_")}
    services = Services({**own, "PORT_BASE": str(base), "MAKEWHOLE_STATE": str(tmp_path / "state")})
    app = web.Application()
    app.router.add_put("/v1/orders/{order_id}", services.registered)
    app.router.add_route("*", "/{path:.*}", services.told)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    for name in ("sandbox", "dispute"):
        await web.TCPSite(runner, "127.0.0.1", Ports(base).app(name)).start()
    yield services
    await runner.cleanup()


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.jsonl"
    lines = (native_line(order_id=f"o{n}") for n in range(ORDERS))
    path.write_text("".join(f"{_plain(line)}\n" for line in lines), "utf-8")
    return path


def _plain(line: dict[str, object]) -> str:
    return json.dumps({name: value for name, value in line.items() if name != "complaint"})


async def playing(services: Services, path: Path) -> asyncio.subprocess.Process:
    program = Path(sys.executable).with_name("makewhole")
    return await asyncio.create_subprocess_exec(
        program, "demo", "--orders", path, env=services.environment, stdout=asyncio.subprocess.PIPE
    )


async def said_by(process: asyncio.subprocess.Process) -> str:
    output, _ = await process.communicate()
    return output.decode().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_run_says_how_far_it_came_and_the_next_one_plays_the_rest(
    services: Services, orders: Path, number: signal.Signals
) -> None:
    process = await playing(services, orders)
    await services.hangs.wait()
    process.send_signal(number)
    said = await said_by(process)
    assert process.returncode == 130
    assert said.startswith("orders: stopped after 10 orders, ") and said.endswith(STOPPED)
    services.freed.set()
    again = await playing(services, orders)
    assert await said_by(again) == (
        f"orders: {ORDERS} read = 0 disputed + {ORDERS} without complaint + 0 refused + 0 unreadable"
    )
    assert again.returncode == 0
