"""Run of one stack: start everything, play the demo, serve until a signal, stop."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from local_stack.backing import Addresses, Backing, banner
from local_stack.child import OURS, Child, Command
from local_stack.report import StackError, announce, say
from local_stack.services import Process, Service, processes, services
from local_stack.settings import StackSettings, backing_ports, is_busy
from local_stack.state import locked, wipe
from local_stack.supervisor import Supervisor, exit_reason

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ORPHANS_LIMIT = 10.0
TERMINAL = ("ORDERS", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")

Work = Callable[[StackSettings, Supervisor, Addresses], Awaitable[None]]


async def run(settings: StackSettings, only: Sequence[str] = ()) -> None:
    """The whole system, or the named services of it, until a signal asks for the end."""
    chosen = _chosen(settings, only)
    ports = [*backing_ports(settings), *((process.name, process.port) for process in chosen)]

    async def work(settings: StackSettings, supervisor: Supervisor, addresses: Addresses) -> None:
        await _services(settings, supervisor, addresses, {process.name for process in chosen})

    await _stack(settings, ports, work, migrations=True)


async def serve_backing(settings: StackSettings) -> None:
    """PostgreSQL, Kafka, the empty databases and the topics alone, for whoever works on the rest."""
    await _stack(settings, list(backing_ports(settings)), _addresses, migrations=False)


async def _stack(settings: StackSettings, ports: Iterable[tuple[str, int]], work: Work, migrations: bool) -> None:
    # The client libraries complain about each attempt to reach a server that is still starting.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with locked(settings.state) as was_killed:
        await _until_ports_are_free(ports, ORPHANS_LIMIT if was_killed else 0.0)
        if settings.fresh:
            wipe(settings.state)
        for line in banner(settings):
            say(line)
        supervisor = Supervisor(settings.logs)
        async with contextlib.AsyncExitStack() as containers:

            async def start_and_work() -> None:
                await work(settings, supervisor, await Backing(settings, supervisor, containers, migrations).start())

            try:
                await _until_signal(start_and_work(), supervisor)
            finally:
                await supervisor.stop()


async def _services(settings: StackSettings, supervisor: Supervisor, addresses: Addresses, names: set[str]) -> None:
    wanted = [
        service
        for service in services(
            settings.ports, addresses.kafka, settings.state, settings.log_keys, settings.database_url
        )
        if service.name in names
    ]
    await supervisor.start(*wanted)
    announce(f"makewhole is ready: http://127.0.0.1:{settings.ports.app('console')}")
    if settings.demo:
        await _demo(settings, wanted)
    else:
        announce(_not_played(os.environ.get("ORDERS", "")))
    for line in _urls(settings, wanted):
        announce(line)
    await asyncio.Event().wait()


def _not_played(orders: str) -> str:
    """What DEMO=0 leaves out, and how to play it after all."""
    given = f"ORDERS={orders} makewhole demo" if orders else "makewhole demo"
    return f"DEMO=0: {orders or 'the story'} is not played; `{given}` plays it"


async def _addresses(settings: StackSettings, _: Supervisor, addresses: Addresses) -> None:
    url = settings.database_url or settings.own_database_url
    announce(f"export MAKEWHOLE_DATABASE_URL={url} MAKEWHOLE_KAFKA={addresses.kafka}")
    await asyncio.Event().wait()


async def _demo(settings: StackSettings, wanted: Sequence[Service]) -> None:
    program = Path(sys.executable).with_name("makewhole")
    environment = wanted[0].environment if wanted else {}
    command = Command("demo", [str(program), "demo"], env=environment, logged=False, inherits=(*OURS, *TERMINAL))
    demo = Child(command, settings.logs / "demo.log")
    try:
        code = await demo.ended()
    finally:
        await demo.stop()
    if code:
        say(f"the demo failed ({exit_reason(code)}); the services go on")


def _urls(settings: StackSettings, wanted: Sequence[Service]) -> list[str]:
    apps = [service for service in wanted if service.module.endswith(".app")]
    lines = [
        f"  {service.name:<13} http://127.0.0.1:{service.port}{'' if service.name == 'console' else '/docs'}"
        for service in apps
    ]
    return [*lines, f"  {'logs':<13} {settings.logs}", "Ctrl-C stops everything"]


def _chosen(settings: StackSettings, only: Sequence[str]) -> list[Process]:
    everything = processes(settings.ports)
    names = [process.name for process in everything]
    if unknown := set(only) - set(names):
        raise StackError(f"there is no process named {', '.join(sorted(unknown))}: choose from {', '.join(names)}")
    return [process for process in everything if not only or process.name in only]


async def _until_ports_are_free(ports: Iterable[tuple[str, int]], limit: float) -> None:
    """Refuses a busy port, after waiting for what a killed supervisor's children may still hold."""
    end = time.monotonic() + limit
    for name, port in ports:
        while is_busy(port):
            if time.monotonic() >= end:
                raise StackError(
                    f"port {port} ({name}) is busy: stop the program that holds it, or move the whole stack "
                    f"with PORT_BASE=18000"
                )
            await asyncio.sleep(0.05)


async def _until_signal(work: Awaitable[None], supervisor: Supervisor) -> None:
    """Does the work until it fails or a signal comes; a second signal waits for nobody."""
    stop_asked = asyncio.Event()

    def on_signal() -> None:
        if stop_asked.is_set():
            supervisor.kill()
        else:
            stop_asked.set()
            say("stopping")

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(stop_asked.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
