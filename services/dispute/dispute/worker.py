"""The dispute service's worker: `python -m dispute.worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from dispute import policies
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.decider import decider
from dispute.evidence_bytes import EvidenceBytes
from dispute.read_models import dispute_history, disputes, evidence, order_status, return_reasons, warranties
from shared.events.logs import DISPUTE, REFUND, RETURN_LABEL
from shared.eventstore.store import PostgresEventStore
from shared.notifications.table import NOTIFY
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.settings import Settings
from shared.storage.objects import open_objects
from shared.worker.assemble import assembly
from shared.worker.sweep import Sweep
from shared.worker.worker import run_worker


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the topic to the read models and to who is told, the others' topics to the policies,
    what is due, and what of evidence nobody wants.
    """
    async with assembly(DISPUTE, decider, settings, clock) as service:
        yield (
            service.store,
            [
                service.relay(),
                *service.projections(order_status, disputes, evidence, dispute_history, return_reasons, warranties),
                service.policy(policies.NOTE_REFUNDS, REFUND, policies.react),
                service.policy(policies.NOTE_RETURNS, RETURN_LABEL, policies.react),
                service.policy(NOTIFY, DISPUTE, policies.notify),
                service.due_loop(ExpireDeadline),
                Sweep(lambda: EvidenceBytes(service.pool, open_objects(settings.objects)).sweep()),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load(f"{DISPUTE.service}-worker")
    run_worker(DISPUTE.service, partial(assemble, settings), settings)
