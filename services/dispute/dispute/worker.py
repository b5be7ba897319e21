"""The dispute service's worker: `python -m dispute.worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from dispute import policies
from dispute.domain.commands import ExpireDeadline
from dispute.domain.decider import decider
from dispute.read_models import dispute_history, disputes, order_status
from shared.deadlines.due_loop import DueLoop
from shared.events.logs import DISPUTE, REFUND, RETURN_LABEL
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.source import KafkaSource
from shared.process.clock import Clock
from shared.process.settings import Settings
from shared.relay.relay import Relay
from shared.subscriptions.handler import Handler
from shared.subscriptions.policy import Policy
from shared.subscriptions.projection import Projection
from shared.subscriptions.subscription import Subscription
from shared.worker.worker import Component, run_worker

SERVICE = "dispute"


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the topic to the read models, the others' topics to the policy, and what is due."""
    dsn, kafka = settings.dsn(SERVICE), settings.kafka
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:

        def subscribed(name: str, topic: str, handler: Handler) -> Subscription:
            return Subscription(name, topic, handler, pool, dsn, partial(KafkaSource.opened, kafka, topic))

        yield (
            store,
            [
                Relay(
                    store,
                    pool,
                    dsn,
                    partial(KafkaPublisher.opened, kafka, DISPUTE.topic),
                    DISPUTE.topic,
                    DISPUTE.source,
                ),
                subscribed(order_status.NAME, DISPUTE.topic, Projection(order_status.project)),
                subscribed(disputes.NAME, DISPUTE.topic, Projection(disputes.project)),
                subscribed(dispute_history.NAME, DISPUTE.topic, Projection(dispute_history.project)),
                subscribed("note refunds", REFUND.topic, Policy(policies.react, store, decider)),
                subscribed("note returns", RETURN_LABEL.topic, Policy(policies.react, store, decider)),
                DueLoop(store, decider, pool, dsn, clock, ExpireDeadline),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load()
    run_worker(SERVICE, partial(assemble, settings), settings)
