"""The refund service's worker: `python -m refund.worker`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from refund import effects, policies
from refund.domain.commands import ExpireDeadline
from refund.domain.decider import decider
from refund.gateways.sandbox import sandbox_gateway
from refund.read_models import refunds
from shared.deadlines.due_loop import DueLoop
from shared.events.logs import DISPUTE, REFUND
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.source import KafkaSource
from shared.process.clock import Clock
from shared.process.settings import Settings
from shared.relay.relay import Relay
from shared.subscriptions.policy import Policy
from shared.subscriptions.projection import Projection
from shared.subscriptions.subscription import Subscription
from shared.worker.worker import Component, run_worker

SERVICE = "refund"


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the topic to the read model, the disputes' topic to the policy, and what is due to the
    provider.
    """
    dsn, kafka = settings.dsn(SERVICE), settings.kafka
    async with (
        open_store(dsn, deadlines=decider.deadlines) as store,
        open_pool(dsn) as pool,
        sandbox_gateway(settings.sandbox) as gateway,
    ):

        def subscribed(name: str, topic: str, handler: Policy | Projection) -> Subscription:
            return Subscription(name, topic, handler, pool, dsn, partial(KafkaSource.opened, kafka, topic))

        pay = effects.pay(gateway, effects.age_in_log(pool))
        yield (
            store,
            [
                Relay(
                    store, pool, dsn, partial(KafkaPublisher.opened, kafka, REFUND.topic), REFUND.topic, REFUND.source
                ),
                subscribed(refunds.NAME, REFUND.topic, Projection(refunds.project)),
                subscribed("capture and refund", DISPUTE.topic, Policy(policies.react, store, decider)),
                DueLoop(store, decider, pool, dsn, clock, ExpireDeadline, {effects.PREFIX: pay}),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load()
    if settings.mode == "production":
        sys.exit(
            "no payment provider is built in but the sandbox's: production needs a Gateway of its own "
            "(refund/gateways/port.py)"
        )
    run_worker(SERVICE, partial(assemble, settings), settings)
