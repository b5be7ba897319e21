"""The refund service's worker: `python -m refund.worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from refund import effects, policies
from refund.domain.decider import decider
from refund.gateways.plugins import gateway_of
from refund.read_models import refunds
from shared.events.logs import DISPUTE, REFUND
from shared.eventstore.store import PostgresEventStore
from shared.notifications.table import NOTIFY
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.settings import Settings
from shared.worker.assemble import assembly
from shared.worker.worker import run_worker


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the topic to the read model and to who is told, the disputes' topic to the policy, what is
    due to it.
    """
    async with (
        assembly(REFUND, decider, settings, clock) as service,
        gateway_of(settings.gateway) as gateway,
    ):
        calls = effects.effects_of(gateway, effects.age_in_log(service.pool))
        yield (
            service.store,
            [
                service.relay(),
                *service.projections(refunds),
                service.policy(policies.CAPTURE_AND_REFUND, DISPUTE, policies.react),
                service.policy(NOTIFY, REFUND, policies.notify),
                service.due_loop(effects=calls),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load(f"{REFUND.service}-worker")
    gateway_of(settings.gateway)  # what is wrong with it is said before anything is opened
    run_worker(REFUND.service, partial(assemble, settings), settings)
