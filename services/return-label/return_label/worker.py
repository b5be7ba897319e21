"""The return-label service's worker: `python -m return_label.worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from return_label import policies
from return_label.domain.commands import ExpireDeadline
from return_label.domain.decider import decider
from shared.deadlines.due_loop import DueLoop
from shared.events.logs import DISPUTE, RETURN_LABEL
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.source import KafkaSource
from shared.process.clock import Clock
from shared.process.settings import Settings
from shared.relay.relay import Relay
from shared.subscriptions.policy import Policy
from shared.subscriptions.subscription import Subscription
from shared.worker.worker import Component, run_worker

SERVICE = "return_label"


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the disputes' topic to the policy, and what is due."""
    dsn, kafka = settings.dsn(SERVICE), settings.kafka
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:
        requests = Policy(policies.react, store, decider)
        yield (
            store,
            [
                Relay(
                    store,
                    pool,
                    dsn,
                    partial(KafkaPublisher.opened, kafka, RETURN_LABEL.topic),
                    RETURN_LABEL.topic,
                    RETURN_LABEL.source,
                ),
                Subscription(
                    "request returns",
                    DISPUTE.topic,
                    requests,
                    pool,
                    dsn,
                    partial(KafkaSource.opened, kafka, DISPUTE.topic),
                ),
                DueLoop(store, decider, pool, dsn, clock, ExpireDeadline),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load()
    run_worker(SERVICE, partial(assemble, settings), settings)
