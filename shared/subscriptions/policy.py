"""Policy: a function from events, mostly another service's, to commands here; it keeps no state."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.decider import Decider, Send
from shared.events.base import Command
from shared.events.envelope import Cause, Recorded
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.idempotency import KeyReused
from shared.resilience import crash_points
from shared.resilience.retry import GIVE_UP_AFTER, Backoff, transient
from shared.resilience.tasks import run_all
from shared.subscriptions import checkpoints
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery
from shared.subscriptions.handler import SubscriptionContext
from shared.subscriptions.retry_or_park import must_park

if TYPE_CHECKING:
    from shared.eventstore.store import EventStore

SIDE_BY_SIDE = 128
"""As many as the writer takes into one append: with half of them a worker carried out 3,150 commands a second, with
these 5,600.
"""

BEFORE_CHECKPOINT = crash_points.register(
    "policy.before_checkpoint",
    "shared/subscriptions/policy.py: a batch's commands are carried out, the checkpoint does not know it yet",
)

React = Callable[[Recorded[Any]], Iterable[Send]]


class Policy:
    """Handles deliveries by the commands of `react(recorded)`: side by side across keys, in order within one.

    A key is an order or a buyer, and several streams share it: payment before refund holds across streams too. So it is
    the key that is parked: by a command that the decider rejects, which is a defect, and by an event, a word or a
    stream that needs a newer version. A store that is busy or does not answer is waited for.
    """

    def __init__(self, react: React, store: EventStore, decider: Decider, side_by_side: int = SIDE_BY_SIDE) -> None:
        self._react = react
        self._store = store
        self._decider = decider
        self._side_by_side = side_by_side

    async def take(
        self, context: SubscriptionContext, deliveries: Sequence[Delivery], reached: Sequence[Checkpoint]
    ) -> None:
        """Handles the batch, then saves the checkpoints."""
        lines: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            lines[delivery.key].append(replace(delivery, stream=delivery.key))
        limit = asyncio.Semaphore(self._side_by_side)
        await run_all(self._in_order(context, line, limit) for line in lines.values())
        crash_points.point(BEFORE_CHECKPOINT)
        await checkpoints.save(context.pool, context.subscription, context.topic, reached)

    async def redo(self, context: SubscriptionContext, delivery: Delivery, anew: bool = False) -> None:
        """Handles a parked event and takes it out of its parked stream."""
        await self.act(delivery.recorded, anew)
        await context.parked.done(context.pool, delivery)

    async def _in_order(self, context: SubscriptionContext, line: Sequence[Delivery], limit: asyncio.Semaphore) -> None:
        async with limit:
            for delivery in line:
                if not await context.parked.keeps(context.pool, delivery):
                    await self._try(context, delivery)

    async def _try(self, context: SubscriptionContext, delivery: Delivery) -> None:
        backoff, tries = Backoff(GIVE_UP_AFTER), 0
        while True:
            try:
                return await self.act(delivery.recorded)
            except Exception as error:
                if transient(error):
                    await backoff.pause(error)
                    continue
                tries += 1
                if must_park(error, tries):
                    async with context.pool.acquire() as connection, connection.transaction():
                        return await context.parked.park(connection, delivery, error, tries)

    async def act(self, recorded: Recorded[Any], anew: bool = False) -> None:
        """Carries out what the event asks for. Where another event at its place asked for something else that is
        KeyReused, or with `anew` carried out beside it.
        """
        for sent in self._react(recorded):
            try:
                await self._carry_out(sent.command, sent.causation)
            except KeyReused:
                if not anew:
                    raise
                await self._carry_out(beside(sent.command), sent.causation)

    async def _carry_out(self, command: Command, event: Recorded[Any]) -> None:
        cause = Cause.of(
            command,
            request_hash=content_of(command),
            correlation=event.metadata.correlation,
            causation=event.id,
            traceparent=event.metadata.traceparent,
        )
        await handle(self._store, self._decider, command, cause)


def beside(command: Command) -> Command:
    """The same under an id that follows from what it says too, so that it is carried out once as well."""
    fields = {name: getattr(command, name) for name in type(command).model_fields}
    return type(command)(**fields | {"command_id": derived_uuid(command.command_id, content_of(command))})


def content_of(command: Command) -> str:
    """The digest of what a command says: a repeat under its id that says something else is no repeat.

    When it was decided is left out: what a restore has lost and somebody asks for again has had its effect. Fields at
    their defaults are too, so that a version which knows more of them means the same by the same.
    """
    fields = command.model_dump(mode="json", exclude={"actor", "at"}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
