"""Worker process: runs components side by side, ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import uvloop

from shared.observability.log_lines import logger, watch_loop, without_text
from shared.observability.metrics import CLOCK_REVISION
from shared.process.clock import Clock, running_clock
from shared.process.component import Component
from shared.process.health import Check, database_check
from shared.process.settings import Settings
from shared.process.startup import prepare, settle
from shared.resilience.retry import GaveUp, Halted
from shared.worker.server import Head, WorkerServer

CLOCK_LIMIT = 60.0


class EndedEarly(Exception):
    """A component has ended without being stopped."""


Assemble = Callable[[Clock], AbstractAsyncContextManager[tuple[Head, Sequence[Component]]]]
"""Opens what a worker needs, given the clock, and yields its store and its components."""


def run_worker(service: str, assemble: Assemble, settings: Settings, checks: Mapping[str, Check] | None = None) -> None:
    """Runs the worker of `service` until SIGTERM or SIGINT, and ends the process: status 0 after a signal, 1 after an
    error.
    """
    prepare(service, settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        watch_loop(runner.get_loop())
        status = runner.run(_main(service, assemble, settings, checks or {}))
    sys.exit(status)


async def _main(service: str, assemble: Assemble, settings: Settings, checks: Mapping[str, Check]) -> int:
    log = logger("worker")
    try:
        with stop_signals() as stop_requested:
            async with running_clock(settings) as clock:
                await _wait_until_known(clock, stop_requested)
                if stop_requested.is_set():
                    return 0
                async with assemble(clock) as (store, components):
                    own = {"database": database_check(settings.dsn(service), service)}
                    await Worker(service, settings, clock, store, components, {**own, **checks}).run(stop_requested)
    except Exception as error:
        log.error("the worker ends", **_why(error))
        return 1
    log.info("stopped")
    return 0


class Worker:
    """A running worker. Whatever breaks one component outside its handlers ends all of them; only a halt, which a
    person mends, ends one alone.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        clock: Clock,
        store: Head,
        components: Sequence[Component],
        checks: Mapping[str, Check],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._components = components
        self._stopping = asyncio.Event()
        self._log = logger("worker").bind()
        self.control = WorkerServer(
            settings, settings.worker_port(service), clock, store, components, {"stopping": self._stops, **checks}
        )

    async def run(self, stop_requested: asyncio.Event) -> None:
        """Runs the components until `stop_requested`, then stops them within the settings' limit; raises what broke."""
        async with self.control.serving():
            settle()
            tasks = [
                asyncio.create_task(self._keep(component), name=type(component).__name__)
                for component in self._components
            ]
            watch = asyncio.create_task(self._watch_clock(), name="clock watch")
            end = asyncio.create_task(stop_requested.wait())
            try:
                await asyncio.wait([*tasks, watch, end], return_when=asyncio.FIRST_COMPLETED)
                self._stopping.set()
                watch.cancel()
                await self._stop(tasks)
            finally:
                end.cancel()
            for task in (*tasks, watch):
                _raise_from(task)

    async def _keep(self, component: Component) -> None:
        try:
            await component.run()
        except Halted as halt:
            # A restart would halt at the same place, so the others go on, and this one waits for its remedy.
            self._log.error("a component stands still", component=type(component).__name__, remedy=str(halt))
            self.control.halted[type(component).__name__] = str(halt)
            await self._stopping.wait()
        else:
            if not self._stopping.is_set():
                raise EndedEarly(type(component).__name__)

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Lets the components finish what they have in hand; then they are cancelled, for at most as long again."""
        stoppable = [task for task, component in zip(tasks, self._components, strict=True) if component.stop()]
        if stoppable:
            await asyncio.wait(stoppable, timeout=self._settings.stop_limit)
        for task in tasks:
            task.cancel()
        _, stuck = (
            await asyncio.wait(tasks, timeout=self._settings.stop_limit) if tasks else (None, set[asyncio.Task[None]]())
        )
        if stuck:
            self._log.error("stuck", components=sorted(task.get_name() for task in stuck))
            raise TimeoutError("a component did not end when it was cancelled")

    async def _watch_clock(self) -> None:
        revision = self._clock.revision
        while True:
            CLOCK_REVISION.set(revision)
            await self._clock.moved(revision)
            revision = self._clock.revision
            for component in self._components:
                component.wake()

    async def _stops(self) -> str | None:
        return "stopping" if self._stopping.is_set() else None


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second signal ends the process at once."""
    loop, stop_requested = asyncio.get_running_loop(), asyncio.Event()

    def request_stop() -> None:
        if stop_requested.is_set():
            os._exit(1)
        stop_requested.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, request_stop)
    try:
        yield stop_requested
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)


async def _wait_until_known(clock: Clock, stop_requested: asyncio.Event) -> None:
    """Waits until the clock is known, or a stop is requested."""
    if not clock.known:
        waits = [asyncio.ensure_future(clock.moved(clock.revision)), asyncio.ensure_future(stop_requested.wait())]
        done, left = await asyncio.wait(waits, timeout=CLOCK_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        for wait in left:
            wait.cancel()
        if not done:
            raise GaveUp(f"the sandbox has not said within {CLOCK_LIMIT:.0f} s what time it is")


def _raise_from(task: asyncio.Task[None]) -> None:
    if task.done() and not task.cancelled() and (error := task.exception()):
        raise error


def _why(error: BaseException) -> dict[str, object]:
    # A message of these kinds is written for an operator and quotes no person; of all others only the kind is logged.
    reason = {"because": str(error)} if isinstance(error, GaveUp | Halted | EndedEarly) else {}
    return {**reason, **without_text(error)}
