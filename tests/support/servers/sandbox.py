"""Sandbox server: the sandbox in the test's own process, and workers that stand in for those of the services."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web

from sandbox.app import ROUTERS
from sandbox.clock.clock import Clock
from sandbox.clock.mover import StepTimeout
from sandbox.simulators import Hearer, open_simulators
from shared.events.base import wire_time
from shared.http.app import App, create_app
from shared.process.clock import SandboxClock
from shared.process.settings import Settings
from shared.process.startup import bind
from tests.support.servers.backing import free_ports


@dataclass
class Answered:
    """What an HTTP call came to."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Served:
    """An application at its address, with a client."""

    app: App
    address: str
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> Answered:
        """One call, with its body read as JSON where there is one."""
        async with self.session.request(method, self.address + path, **options) as response:
            is_json = "json" in response.content_type
            return Answered(
                response.status,
                await response.json(content_type=None) if is_json else await response.text(),
                response.headers,
            )

    async def get(self, path: str, **query: Any) -> Answered:
        return await self.ask("GET", path, params=query)

    async def post(self, path: str, body: Any, **headers: str) -> Answered:
        return await self.ask(
            "POST", path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def capture(self, order: str, paid: str, **changed: Any) -> Answered:
        """Captures the order's payment, which has the order's id."""
        return await self.post(
            "/psp/captures", {"order_id": order, "payment_id": order, "amount": money(paid)} | changed
        )

    async def refund(self, order: str, back: str, key: str, **changed: Any) -> Answered:
        """Refunds from the order's payment; the refund's id is the key's part before the slash."""
        ids = {"refund_id": key.partition("/")[0], "payment_id": order, "order_id": order}
        return await self.post("/psp/refunds", ids | {"amount": money(back)} | changed, Idempotency_Key=key)

    async def ledger(self, **query: Any) -> list[dict[str, Any]]:
        """The ledger's lines."""
        lines: list[dict[str, Any]] = (await self.get("/psp/ledger", **query)).body["data"]
        return lines


def money(amount: str, currency: str = "USD") -> dict[str, str]:
    """Money in its wire form."""
    return {"amount": amount, "currency": currency}


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the test runner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(build: Callable[[str], App]) -> AsyncIterator[Served]:
    """The application that `build` makes for its address, serving until the block ends."""
    port = free_ports(1)[0]
    address = f"http://127.0.0.1:{port}"
    app = build(address)
    server = _Server(uvicorn.Config(app, lifespan="on", log_config=None, ws="none", timeout_graceful_shutdown=5))
    task = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", port)]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    try:
        async with aiohttp.ClientSession() as session:
            yield Served(app, address, session)
    finally:
        app.draining.set()
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def sandbox(
    dsn: str,
    workers: Mapping[str, str] | None = None,
    timeout: Callable[[], StepTimeout] = StepTimeout,
    hears: str = "http://127.0.0.1:9",
) -> AsyncIterator[Served]:
    """A sandbox over the database at `dsn`; whoever is at the address `hears` what its provider and its
    carrier tell."""

    def build(address: str) -> App:
        settings = Settings(sandbox=address, oidc_issuer=address, oidc_jwks=f"{address}/jwks")
        clock = Clock()
        psp = Hearer(f"{hears}/v1/webhooks/psp", settings.webhooks.partition("+")[2])
        carrier = Hearer(f"{hears}/v1/webhooks/carrier", settings.carrier_webhooks.partition("+")[2])
        simulators = open_simulators(dsn, address, clock, workers or {}, psp, carrier, timeout)
        return create_app("sandbox", ROUTERS, {"simulators": simulators}, settings, clock=clock)

    async with served(build) as running:
        yield running


@dataclass
class Worker:
    """A worker with deadlines in its memory, which follows the sandbox's clock as real ones do.

    `follow_ups` maps a deadline to a span: when it fires, another one begins, due that much later. `seconds` is how
    long firing one takes.
    """

    deadlines: list[datetime] = field(default_factory=list)
    follow_ups: dict[datetime, timedelta] = field(default_factory=dict)
    seconds: float = 0.0
    stuck: str = ""
    fired: list[tuple[datetime, datetime]] = field(default_factory=list)
    rounds: int = 0
    clock: SandboxClock | None = None

    async def act(self, clock: SandboxClock) -> None:
        """Fires what is due, for ever."""
        while True:
            revision = clock.revision
            while self.deadlines and min(self.deadlines) <= clock.now():
                await asyncio.sleep(self.seconds)
                self.fire(min(self.deadlines), clock.now())
            wait = (min(self.deadlines) - clock.now()).total_seconds() if self.deadlines else 3600.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(clock.moved(revision), min(max(wait, 0.0), 3600.0))

    def fire(self, due: datetime, now: datetime) -> None:
        """One deadline's end, and perhaps another's beginning."""
        self.deadlines.remove(due)
        self.fired.append((due, now))
        if due in self.follow_ups:
            self.deadlines.append(due + self.follow_ups[due])

    async def quiet(self, _: web.Request) -> web.Response:
        """The contract's /internal/quiet."""
        assert self.clock is not None
        self.rounds += 1
        revision, next_deadline = self.clock.revision, min(self.deadlines, default=None)
        due = next_deadline is not None and next_deadline <= self.clock.now()
        return web.json_response(
            {
                "quiet": not due and not self.stuck,
                "revision": revision,
                "head": len(self.fired),
                "next_deadline": wire_time(next_deadline) if next_deadline else None,
                "reasons": [self.stuck] if self.stuck else [],
            }
        )


@contextlib.asynccontextmanager
async def working(worker: Worker, port: int, sandbox_address: str) -> AsyncIterator[None]:
    """The worker at its port, following the sandbox."""
    app = web.Application()
    app.router.add_get("/internal/quiet", worker.quiet)
    runner = web.AppRunner(app)
    async with SandboxClock(sandbox_address).following() as clock:
        await clock.moved(-1)
        worker.clock = clock
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        task = asyncio.create_task(worker.act(clock))
        try:
            yield
        finally:
            task.cancel()
            await runner.cleanup()


@contextlib.asynccontextmanager
async def sandbox_with(
    dsn: str, *workers: Worker, timeout: Callable[[], StepTimeout] = StepTimeout
) -> AsyncIterator[Served]:
    """A sandbox and the workers whose time it moves, named a, b, c …"""
    ports = free_ports(len(workers))
    addresses = {chr(ord("a") + n): f"http://127.0.0.1:{port}" for n, port in enumerate(ports)}
    async with sandbox(dsn, addresses, timeout) as running, contextlib.AsyncExitStack() as stack:
        for worker, port in zip(workers, ports, strict=True):
            await stack.enter_async_context(working(worker, port, running.address))
        yield running
