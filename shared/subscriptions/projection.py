"""Projection: events to rows, in one transaction with the checkpoint; a batch at once where it has a fold (ADR 36)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Protocol, Self

from sqlalchemy import Table

from shared.resilience import crash_points
from shared.resilience.retry import transient
from shared.subscriptions import checkpoints
from shared.subscriptions.changes import Changes, Project, ProjectAll, folded
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery
from shared.subscriptions.handler import SubscriptionContext
from shared.subscriptions.retry_or_park import must_park

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection

BEFORE_CHECKPOINT = crash_points.register(
    "projection.before_checkpoint",
    "shared/subscriptions/projection.py: a batch's checkpoints and rows are written, and nothing is committed",
)

EVERY = ("",)
"""Streams of any name."""

Apply = Callable[["SubscriptionContext", "Connection", Sequence[Delivery]], Awaitable[None]]


class ReadModel(Protocol):
    """A module of a service's `read_models`."""

    @property
    def NAME(self) -> str:
        """Its name, by which its checkpoints go."""

    @property
    def TABLES(self) -> Sequence[Table]:
        """The tables that its rows stand in."""

    @property
    def STREAMS(self) -> tuple[str, ...]:
        """How the names of the streams begin that it follows."""

    @property
    def changes(self) -> Changes:
        """What becomes of an event."""

    @property
    def project(self) -> Project:
        """The same, written row by row."""


class Projection:
    """Handles deliveries of the streams that begin so by `project(connection, recorded)`, or many at once by
    `project_all(connection, batch)` where a read model has one; others are passed over, and not decoded.

    A batch is one transaction: its rows, its checkpoints, and what it parks become visible together or not at all.
    """

    def __init__(
        self, project: Project, project_all: ProjectAll | None = None, streams: tuple[str, ...] = EVERY
    ) -> None:
        self._project = project
        self._project_all = project_all
        self._streams = streams

    @classmethod
    def of(cls, model: ReadModel) -> Self:
        """The projection that keeps a read model."""
        return cls(model.project, folded(model.changes, model.STREAMS), model.STREAMS)

    async def take(
        self, context: SubscriptionContext, deliveries: Sequence[Delivery], reached: Sequence[Checkpoint]
    ) -> None:
        """Handles the batch and saves the checkpoints."""
        followed = [delivery for delivery in deliveries if delivery.stream.startswith(self._streams)]
        if not followed:
            return await checkpoints.move(context.pool, context.subscription, context.topic, reached)
        try:
            await self._commit(context, followed, reached, self._apply)
        except Exception as error:
            if transient(error):
                raise
            await self._commit(context, followed, reached, self._apply_singly)

    async def redo(self, context: SubscriptionContext, delivery: Delivery, anew: bool = False) -> None:
        """Handles a parked event and takes it out of its parked stream; rows know of no other event in its place."""
        async with context.pool.acquire() as connection, connection.transaction():
            await context.parked.done(connection, delivery)
            await self._project(connection, delivery.recorded)

    async def _commit(
        self, context: SubscriptionContext, deliveries: Sequence[Delivery], reached: Sequence[Checkpoint], apply: Apply
    ) -> None:
        async with context.pool.acquire() as connection, connection.transaction():
            await checkpoints.move(connection, context.subscription, context.topic, reached)
            await apply(context, connection, deliveries)
            crash_points.point(BEFORE_CHECKPOINT)

    async def _apply(
        self, context: SubscriptionContext, connection: Connection, deliveries: Sequence[Delivery]
    ) -> None:
        free = [delivery.recorded for delivery in deliveries if not await context.parked.keeps(connection, delivery)]
        if self._project_all and len(free) > 1:
            return await self._project_all(connection, free)
        for recorded in free:
            await self._project(connection, recorded)

    async def _apply_singly(
        self, context: SubscriptionContext, connection: Connection, deliveries: Sequence[Delivery]
    ) -> None:
        """The same with a savepoint around each event, so that the one which fails is found and its stream parked."""
        for delivery in deliveries:
            if not await context.parked.keeps(connection, delivery):
                await self._try(context, connection, delivery)

    async def _try(self, context: SubscriptionContext, connection: Connection, delivery: Delivery) -> None:
        for tries in count(1):
            try:
                async with connection.transaction():
                    return await self._project(connection, delivery.recorded)
            except Exception as error:
                if transient(error):
                    raise
                if must_park(error, tries):
                    return await context.parked.park(connection, delivery, error, tries)
