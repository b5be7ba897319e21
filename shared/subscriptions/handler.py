"""Handler: the port that a subscription feeds with events, and the retry of parked ones."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.resilience.retry import transient
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery
from shared.subscriptions.parked_streams import ParkedStreams

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SubscriptionContext:
    """A subscription's place in its service's database: where its checkpoints and its parked streams are."""

    subscription: str
    topic: str
    pool: Pool
    parked: ParkedStreams


class Handler(Protocol):
    """A projection or a policy."""

    async def take(
        self, context: SubscriptionContext, deliveries: Sequence[Delivery], reached: Sequence[Checkpoint]
    ) -> None:
        """Handles the batch and saves the checkpoints; raises what may pass, parks what will not."""

    async def redo(self, context: SubscriptionContext, delivery: Delivery, anew: bool = False) -> None:
        """Handles a parked event and takes it out of its parked stream; with `anew` also what it asks for in the place
        of another event that asked for something else.
        """


async def retry(context: SubscriptionContext, handler: Handler, stream: str, anew: bool = False) -> bool:
    """Handles what is parked of the stream, in order; whether the stream is free again."""
    while True:
        delivery = await context.parked.first(context.pool, stream)
        if delivery is None:
            if await context.parked.release(context.pool, stream):
                return True
            if await context.parked.first(context.pool, stream) is None:
                return False  # it was not parked at all
        elif not await _redone(context, handler, delivery, anew):
            return False


async def _redone(context: SubscriptionContext, handler: Handler, delivery: Delivery, anew: bool) -> bool:
    try:
        await handler.redo(context, delivery, anew)
    except Exception as error:
        if transient(error):
            raise
        log.error(
            "%s cannot handle %s at position %d yet: %r",
            context.subscription,
            delivery.stream,
            delivery.position,
            error,
        )
        await context.parked.failed(context.pool, delivery.stream, error)
        return False
    return True
