"""The walk of one request: every file that `POST /v1/disputes/{id}/response` enters, in the order of first entry.

It runs as a program of its own, so that it can walk another tree as well: `python walk.py --base 18000 --database URL
--kafka ADDRESS` with that tree on PYTHONPATH. The tree's real applications and workers run side by side on one loop, on
real servers, and the profiler notes the module of each call.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp

SERVED = ("sandbox", "dispute")
WORKING = ("dispute", "refund")
WALKS = 3
WALKED = ("shared/", "services/dispute/", "services/refund/")
"""The project's own code; the world outside is walked by nobody."""


class Walk:
    """The modules entered while the profiler is on."""

    def __init__(self) -> None:
        self.modules: dict[str, None] = {}

    @contextmanager
    def on(self) -> Iterator[None]:
        """Notes every call of the block, whichever task makes it."""
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            # By module, not by the code's file name: what a dataclass generates has none.
            self.modules.setdefault(frame.f_globals.get("__name__", ""))

    def files(self, root: Path) -> list[str]:
        """The files below the root that were entered."""
        found = (getattr(sys.modules.get(name), "__file__", None) for name in self.modules)
        inside = (Path(file).resolve() for file in found if file)
        named = (file.relative_to(root).as_posix() for file in inside if file.is_relative_to(root))
        return [name for name in named if name.startswith(WALKED)]


@asynccontextmanager
async def serving(app: Any, serve: Any) -> AsyncIterator[None]:
    """The application behind the server and the protocol of its own process."""
    own = serve.__globals__
    server = own["DrainingServer"](app, app.settings)
    listening = own["bind"](app.settings.host, app.settings.port(app.service))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        app.draining.set()
        server.should_exit = True
        await task


@asynccontextmanager
async def working(service: str, settings: Any, clock: Any) -> AsyncIterator[None]:
    """The components of the service's worker."""
    async with import_module(f"{service}.worker").assemble(settings, clock) as (_, components):
        tasks = [asyncio.create_task(component.run()) for component in components]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def walked(settings: Any, root: Path) -> dict[str, list[str]]:
    """The files up to the answer, and those until the money is out."""
    async with AsyncExitStack() as stack:
        apps = {}
        for service in SERVED:
            module = import_module(f"{service}.app")
            apps[service] = module.build(settings)
            await stack.enter_async_context(serving(apps[service], module.serve))
        client, deals = import_module("tests.e2e.client"), import_module("tests.e2e.deals")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        services = client.Services(session, settings.port_base)
        command = [(await _walk(services, deals)).files(root) for _ in range(WALKS)]
        for service in WORKING:
            await stack.enter_async_context(working(service, settings, apps["dispute"].clock))
        await _walk(services, deals, paid=True)  # begins what a worker begins once
        money = [(await _walk(services, deals, paid=True)).files(root) for _ in range(WALKS)]
    return {"command": _entered_each_time(command), "money": _entered_each_time(money)}


def _entered_each_time(walks: Sequence[Sequence[str]]) -> list[str]:
    """What runs beside a request, a lease's ping or a look for what is due, falls into one walk or another; what it
    causes into each.
    """
    return [file for file in walks[-1] if all(file in walk for walk in walks)]


async def _walk(services: Any, deals: Any, paid: bool = False) -> Walk:
    deal = await deals.ordered(services)
    dispute = await deal.opened()
    etag = (await dispute.show(deal.seller)).etag
    walk = Walk()
    with walk.on():
        answer = await deal.seller.post(f"{dispute.path}/response", {"decision": "accept"}, seen=etag)
        while paid and not await _refunded(services, deal.order_id):
            await asyncio.sleep(0.02)
    answer.ok()
    return walk


async def _refunded(services: Any, order_id: str) -> bool:
    return any(line["kind"] == "refund" for line in await services.ledger(order_id))


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the walk as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--base", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--kafka", required=True)
    given = parser.parse_args(arguments)
    with redirect_stdout(sys.stderr):  # where the log lines of the processes go
        settings = import_module("dispute.app").Settings(
            port_base=given.base, database_url=given.database, kafka=given.kafka
        )
        found = asyncio.run(walked(settings, given.root.resolve()))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
