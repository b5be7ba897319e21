"""The due loop: deadlines that are due become commands (timers) or calls to the world outside whose outcome is recorded
(effects).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from shared.deadlines.effect import Effect
from shared.deadlines.queue import Deadline, DueQueue
from shared.decider import Decider
from shared.events.base import SYSTEM, Cause, Command, derived_uuid, wire_time
from shared.eventstore.handle import Outcome, handle
from shared.eventstore.lease import Lease
from shared.observability import metrics
from shared.process.component import Component
from shared.resilience import crash_points
from shared.resilience.retry import GIVE_UP_AFTER, Backoff, Transient, transient
from shared.resilience.tasks import run_all, run_with_companions

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool
    from shared.eventstore.store import EventStore

TIMERS_AT_ONCE = 256
CALLS_AT_ONCE = 16
CALL_LIMIT = 10.0
OBSERVE_EVERY = 2.0
LISTEN_EVERY = 0.005

DROP = "delete from deadlines where stream = $1 and kind = $2 and due_at = $3"
OLDEST = "select min(due_at) from deadlines where due_at <= $1"
NEXT = "select min(due_at) from deadlines"

BEFORE_APPEND = crash_points.register(
    "due.before_append", "shared/deadlines/due_loop.py: a due deadline is about to be decided on"
)
AFTER_APPEND = crash_points.register(
    "due.after_append", "shared/deadlines/due_loop.py: a due deadline is decided on and nobody knows yet"
)

log = logging.getLogger(__name__)


class Clock(Protocol):
    """The domain's clock, as `shared.process.clock` has it."""

    @property
    def revision(self) -> int:
        """How often it has been moved."""

    def now(self) -> datetime:
        """The instant, in UTC."""

    async def moved(self, revision: int) -> None:
        """Returns once its revision is another one than `revision`."""


class Unsettled(Transient):
    """An outcome is recorded, and yet the deadline was neither cleared nor moved."""


class DueLoop(Component):
    """Asks what is due.

    `expire(stream=, key=, kind=, due_at=, command_id=, actor=, at=)` makes a timer's command; `effects` go by the
    kind's part before the first colon.
    """

    def __init__(
        self,
        store: EventStore,
        decider: Decider,
        pool: Pool,
        dsn: str,
        clock: Clock,
        expire: Callable[..., Command],
        effects: Mapping[str, Effect[Any, Any, Any]] | None = None,
    ) -> None:
        self._store = store
        self._decider = decider
        self._pool = pool
        self._dsn = dsn
        self._clock = clock
        self._command = expire
        self._effects = effects or {}
        self._stopping = False
        prefixes = sorted(self._effects)
        self._timers = DueQueue("timers", pool, clock.now, self._expire, prefixes, False, TIMERS_AT_ONCE)
        self._calls = DueQueue("effects", pool, clock.now, self._call, prefixes, True, CALLS_AT_ONCE)

    async def run(self) -> None:
        """Fires until it is cancelled, or stopped and with nothing in hand; GaveUp after 60 s without the database."""
        backoff = Backoff(GIVE_UP_AFTER)
        while not self._stopping:
            try:
                async with Lease(self._dsn, "due") as lease:
                    lanes = run_all([self._timers.run(), self._calls.run()] if self._effects else [self._timers.run()])
                    await lease.guard(
                        run_with_companions(lanes, self._listen(lease, backoff), self._follow_clock(), self._observe())
                    )
            except Exception as error:
                if not transient(error):
                    raise
                log.warning("due loop waits: %r", error)
                await backoff.pause(error)

    def wake(self) -> None:
        """Something may have become due."""
        self._timers.wake()
        self._calls.wake()

    def stop(self) -> bool:
        """Takes nothing more in hand; `run` ends once what is under way has its outcome."""
        self._stopping = True
        self._timers.stop()
        self._calls.stop()
        return True

    async def quiet(self) -> str | None:
        """None when nothing is due at the clock's now and nothing in hand, else what there is."""
        busy = self._timers.busy + self._calls.busy
        try:
            oldest = await self._pool.fetchval(OLDEST, self._clock.now())
        except Exception as error:
            if not transient(error):
                raise
            return f"due loop: {error!r}"
        if oldest is None and not busy:
            return None
        return f"due loop: {busy} in hand, oldest due {oldest and wire_time(oldest)}"

    async def next_deadline(self) -> datetime | None:
        """The instant of the earliest deadline, due or not."""
        earliest: datetime | None = await self._pool.fetchval(NEXT)
        return earliest

    async def _listen(self, lease: Lease, backoff: Backoff) -> None:
        while True:
            await lease.woken(OBSERVE_EVERY)
            backoff.succeeded()
            self.wake()
            await asyncio.sleep(LISTEN_EVERY)  # a busy log announces more than it is worth to look

    async def _follow_clock(self) -> None:
        while True:
            await self._clock.moved(self._clock.revision)
            self.wake()

    async def _observe(self) -> None:
        while True:
            oldest = await self._pool.fetchval(OLDEST, self._clock.now())
            metrics.DUE_AGE.set(max(0.0, (self._clock.now() - oldest).total_seconds()) if oldest else 0)
            await asyncio.sleep(OBSERVE_EVERY)

    async def _expire(self, deadline: Deadline) -> None:
        stream, kind, due_at = deadline.stream, deadline.kind, deadline.due_at
        command_id = derived_uuid(stream, kind, wire_time(due_at))
        command = self._command(
            stream=stream,
            key=deadline.key,
            kind=kind,
            due_at=due_at,
            command_id=command_id,
            actor=SYSTEM,
            at=self._clock.now(),
        )
        outcome = await self._decide(command)
        if not decided(outcome):
            await self._drop(deadline)

    async def _call(self, deadline: Deadline) -> None:
        effect = self._effects[deadline.kind.partition(":")[0]]
        (events,) = await self._store.load(deadline.stream)
        state = self._decider.fold(deadline.stream, (recorded.event for recorded in events))
        wanted = effect.wanted(state, deadline.kind)
        if wanted is None:
            return await self._drop(deadline)
        async with asyncio.timeout(CALL_LIMIT):
            answer = await effect.call(wanted)
        if effect.crash_point:
            crash_points.point(effect.crash_point)
        if not decided(await self._decide(effect.outcome(wanted, answer, self._clock.now()))):
            raise Unsettled(f"{deadline.kind} of {deadline.stream} is still due after its outcome")

    async def _decide(self, command: Command) -> Outcome:
        crash_points.point(BEFORE_APPEND)
        outcome = await handle(self._store, self._decider, command, Cause.of(command))
        crash_points.point(AFTER_APPEND)
        return outcome

    async def _drop(self, deadline: Deadline) -> None:
        # Nobody is asked twice for nothing; a deadline that was moved meanwhile has another instant, and stays.
        await self._pool.execute(DROP, deadline.stream, deadline.kind, deadline.due_at)


def decided(outcome: Outcome) -> bool:
    """Whether events were appended now: the deadline was cleared or moved in the same transaction."""
    return not outcome.replayed and bool(outcome.events)
