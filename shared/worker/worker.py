"""Worker process: runs components side by side, ends them in order."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import uvloop

from shared.observability.log_lines import Logger, watch_loop, without_text
from shared.observability.metrics import CLOCK_REVISION
from shared.process.clock import Clock, running_clock
from shared.process.component import Component
from shared.process.health import Check, database_check
from shared.process.liveness import watched_loop
from shared.process.settings import Settings
from shared.process.startup import prepare, settle, stop_signals, unless_stopped, wait_for, wait_until_known
from shared.resilience.retry import GaveUp, Halted, Transient
from shared.worker.server import Head, WorkerServer


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
    log = Logger("worker")
    try:
        with watched_loop(), stop_signals() as stop_requested:
            async with running_clock(settings) as clock:
                every = {"database": database_check(settings.dsn(service), service), **checks}
                waiting = WorkerServer(settings, settings.worker_port(service), clock, NotBegun(), [NotBegun()], every)
                async with waiting.serving():
                    begins = await unless_stopped(_all_there(clock, every["database"]), stop_requested)
                if begins:
                    async with assemble(clock) as (store, components):
                        await Worker(service, settings, clock, store, components, every).run(stop_requested)
    except Exception as error:
        log.error("the worker ends", **_why(error))
        return 1
    log.info("stopped")
    return 0


class Worker:
    """A running worker. Whatever breaks one component outside its handlers ends all of them; only a halt, which a
    person mends, ends one alone, and one that gave up begins again.
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
        self._log = Logger("worker")
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
        while not await self._ran(component):
            pass

    async def _ran(self, component: Component) -> bool:
        """Whether the component is at its end, and does not begin again."""
        name = type(component).__name__
        try:
            await component.run()
        except GaveUp as error:
            # What it waits for is away; the others need it not, or wait by themselves.
            self._log.warning("a component gave up, and begins again", component=name, **_why(error))
            return False
        except Halted as halt:
            # A restart would halt at the same place, so the others go on, and this one waits for its remedy.
            self._log.error("a component stands still", component=name, remedy=str(halt))
            self.control.halted[name] = str(halt)
            await self._stopping.wait()
        else:
            if not self._stopping.is_set():
                raise EndedEarly(name)
        return True

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


async def _all_there(clock: Clock, database: Check) -> None:
    await wait_until_known(clock)
    await wait_for("database", database)


class NotBegun(Component):
    """What a worker is before it has begun."""

    async def quiet(self) -> str | None:
        """Never quiet: nobody knows what there is to do."""
        return "the worker has not begun"

    async def head(self) -> int:
        """The log is not open yet."""
        raise Transient("the worker has not begun")


def _raise_from(task: asyncio.Task[None]) -> None:
    if task.done() and not task.cancelled() and (error := task.exception()):
        raise error


def _why(error: BaseException) -> dict[str, object]:
    # A message of these kinds is written for an operator and quotes no person; of all others only the kind is logged.
    reason = {"because": str(error)} if isinstance(error, GaveUp | Halted | EndedEarly) else {}
    return {**reason, **without_text(error)}
