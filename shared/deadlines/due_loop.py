"""Due loop: turns deadlines that have come into commands (timers) or calls to the outside world (effects)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.deadlines.batch import decide_each, decided
from shared.deadlines.clock import Clock
from shared.deadlines.effect import Effect
from shared.deadlines.queue import POLL, Deadline, DueQueue
from shared.decider import Decider
from shared.events.base import SYSTEM, Command, wire_time
from shared.events.envelope import Cause
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import Outcome, handle
from shared.eventstore.folding import folded
from shared.eventstore.lease import DEADLINES_CHANNEL, Lease
from shared.eventstore.lease_session import Leases
from shared.observability import metrics
from shared.process.component import Component
from shared.resilience import crash_points
from shared.resilience.retry import GIVE_UP_AFTER, Backoff, Transient, transient
from shared.resilience.tasks import run_all, run_with_companions

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool
    from shared.eventstore.store import BatchStore

TIMERS_AT_ONCE = 300
TIMERS_TOGETHER = 100
CALLS_AT_ONCE = 16
CALL_LIMIT = 30.0
OBSERVE_EVERY = 15.0
LISTEN_EVERY = 0.005

# Not where the stream has moved since it was folded: the same instant may have been started once more.
DROP = """
delete from deadlines where stream = $1 and kind = $2 and due_at = $3
and $4 = (select coalesce(max(version), 0) from events where stream = $1)
"""
KNOWN = "split_part(kind, ':', 1) = any($1::text[])"
OLDEST = f"select min(due_at) from deadlines where {KNOWN} and due_at <= $2"  # noqa: S608
FIRST = f"""
select stream, kind, due_at, key from deadlines where {KNOWN} and due_at <= $2 order by due_at, stream, kind limit 1
"""  # noqa: S608
NEXT = f"select min(due_at) from deadlines where {KNOWN}"  # noqa: S608
UNKNOWN = f"select count(*) from deadlines where not {KNOWN} and due_at <= $2"  # noqa: S608

BEFORE_APPEND = crash_points.register(
    "due.before_append", "shared/deadlines/due_loop.py: a due deadline is about to be decided on"
)
AFTER_APPEND = crash_points.register(
    "due.after_append", "shared/deadlines/due_loop.py: a due deadline is decided on and not answered yet"
)

log = logging.getLogger(__name__)


class Unsettled(Transient):
    """An outcome is recorded, and yet the deadline was neither cleared nor moved."""


class Undecided(Exception):
    """The stream still wants the deadline, and yet no event came of it."""


class DueLoop(Component):
    """Asks what is due, of the kinds that the decider or an effect knows; a newer version's are left alone.

    `expire(stream=, key=, kind=, due_at=, command_id=, actor=, at=)` makes a timer's command; `effects` go by the
    kind's part before the first colon.
    """

    def __init__(
        self,
        store: BatchStore,
        decider: Decider,
        pool: Pool,
        leases: Leases,
        clock: Clock,
        expire: Callable[..., Command],
        effects: Mapping[str, Effect[Any, Any, Any]] | None = None,
    ) -> None:
        self._store = store
        self._decider = decider
        self._pool = pool
        self._leases = leases
        self._clock = clock
        self._command = expire
        self._effects = effects or {}
        self._stopping = asyncio.Event()
        self._kinds = sorted(decider.kinds | self._effects.keys())
        timers = decider.kinds - self._effects.keys()
        queues = (
            ("timers", self._expire, timers, TIMERS_AT_ONCE, TIMERS_TOGETHER),
            ("effects", self._call_each, self._effects.keys(), CALLS_AT_ONCE, 1),
        )
        self._queues = [
            DueQueue(name, pool, clock.now, fire, kinds, width, together)
            for name, fire, kinds, width, together in queues
            if kinds
        ]

    async def run(self) -> None:
        """Fires until it is cancelled, or stopped and with nothing in hand; GaveUp after 60 s without the database."""
        backoff = Backoff(GIVE_UP_AFTER)
        while not self._stopping.is_set():
            try:
                async with Lease(self._leases, "due", hears=DEADLINES_CHANNEL, matters=self._soon) as lease:
                    queues = run_all([queue.run() for queue in self._queues] or [self._stopping.wait()])
                    await lease.guard(
                        run_with_companions(queues, self._listen(lease, backoff), self._follow_clock(), self._observe())
                    )
            except Exception as error:
                if not transient(error):
                    raise
                log.warning("due loop waits: %r", error)
                await backoff.pause(error)

    def wake(self) -> None:
        """Something may have become due."""
        for queue in self._queues:
            queue.wake()

    def stop(self) -> bool:
        """Takes nothing more in hand; `run` ends once what is under way has its outcome."""
        self._stopping.set()
        for queue in self._queues:
            queue.stop()
        return True

    async def quiet(self) -> str | None:
        """None when nothing is due at the clock's now and nothing in hand, else what there is."""
        busy = sum(queue.busy for queue in self._queues)
        try:
            row = await self._pool.fetchrow(FIRST, self._kinds, self._clock.now())
        except Exception as error:
            if not transient(error):
                raise
            return f"due loop: {error!r}"
        if row is None and not busy:
            return None
        return f"due loop: {busy} in hand, oldest due {self._named(Deadline(**row)) if row else None}"

    def _named(self, deadline: Deadline) -> str:
        """A deadline by its stream, and why it stands where it failed."""
        held = next((queue.held()[deadline] for queue in self._queues if deadline in queue.held()), None)
        why = f" is held back: {held.remedy}" if held else ""
        return f"{wire_time(deadline.due_at)}, {deadline.kind} of {deadline.stream}{why}"

    async def next_deadline(self) -> datetime | None:
        """The instant of the earliest deadline, due or not."""
        earliest: datetime | None = await self._pool.fetchval(NEXT, self._kinds)
        return earliest

    def _soon(self, instant: str) -> bool:
        """Whether it is due before the queues look by themselves anyway: most of what is announced lies days ahead."""
        return float(instant) <= self._clock.now().timestamp() + POLL

    async def _listen(self, lease: Lease, backoff: Backoff) -> None:
        while True:
            if await lease.woken(OBSERVE_EVERY):
                self.wake()
            backoff.succeeded()
            await asyncio.sleep(LISTEN_EVERY)  # a busy log announces more often than a look is worth

    async def _follow_clock(self) -> None:
        while True:
            await self._clock.moved(self._clock.revision)
            self.wake()

    async def _observe(self) -> None:
        while True:
            now = self._clock.now()
            oldest = await self._pool.fetchval(OLDEST, self._kinds, now)
            metrics.DUE_AGE.set((now - oldest).total_seconds() if oldest else 0)
            metrics.DUE_UNKNOWN.set(await self._pool.fetchval(UNKNOWN, self._kinds, now))
            await asyncio.sleep(OBSERVE_EVERY)

    async def _expire(self, deadlines: Sequence[Deadline], now: datetime) -> Sequence[Exception | None]:
        """Timers: each is decided by itself, and all that is decided is appended at once."""
        commands = [self._timer(deadline, now) for deadline in deadlines]
        crash_points.point(BEFORE_APPEND)
        answers = await decide_each(self._store, self._decider, commands)
        crash_points.point(AFTER_APPEND)
        return [
            answer if isinstance(answer, Exception) else None if answer else await self._settled(deadline)
            for deadline, answer in zip(deadlines, answers, strict=True)
        ]

    def _timer(self, deadline: Deadline, now: datetime) -> Command:
        stream, kind, due_at = deadline.stream, deadline.kind, deadline.due_at
        command_id = derived_uuid(stream, kind, wire_time(due_at))
        return self._command(
            stream=stream,
            key=deadline.key,
            kind=kind,
            due_at=due_at,
            command_id=command_id,
            actor=SYSTEM,
            at=now,
        )

    async def _settled(self, deadline: Deadline) -> Exception | None:
        """Takes away a deadline on which nothing was decided, or says why not."""
        try:
            await self._drop(deadline, *await self._state(deadline.stream))
        except Exception as error:
            return error
        return None

    async def _call_each(self, deadlines: Sequence[Deadline], now: datetime) -> Sequence[None]:
        for deadline in deadlines:
            await self._call(deadline, now)
        return [None] * len(deadlines)

    async def _call(self, deadline: Deadline, now: datetime) -> None:
        effect = self._effects[deadline.kind.partition(":")[0]]
        state, version = await self._state(deadline.stream)
        wanted = effect.wanted(state, deadline.kind)
        if wanted is None:
            return await self._drop(deadline, state, version)
        async with asyncio.timeout(CALL_LIMIT):
            answer = await effect.call(wanted)
        if effect.crash_point:
            crash_points.point(effect.crash_point)
        if not decided(await self._decide(effect.outcome(wanted, answer, max(now, self._clock.now())))):
            raise Unsettled(f"{deadline.kind} of {deadline.stream} is still due after its outcome")

    async def _decide(self, command: Command) -> Outcome:
        crash_points.point(BEFORE_APPEND)
        outcome = await handle(self._store, self._decider, command, Cause.of(command))
        crash_points.point(AFTER_APPEND)
        return outcome

    async def _state(self, stream: str) -> tuple[Any, int]:
        """The state of the stream, and the version that it is of."""
        (events,) = await self._store.load(stream)
        return await folded(self._decider, stream, events), len(events)

    async def _drop(self, deadline: Deadline, state: Any, version: int) -> None:
        """Takes away what the stream does not want any more, and nothing else: Undecided where it still does."""
        stream, kind, due_at = deadline.stream, deadline.kind, deadline.due_at
        if self._decider.due(stream, state, kind) == due_at:
            raise Undecided(f"{kind} of {stream} is wanted still")
        await self._pool.execute(DROP, stream, kind, due_at, version)
